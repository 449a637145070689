#!/usr/bin/env bash
# The main job on a bare Debian 12: installs what is missing, builds the program, runs the quick validation of every
# experiment that exists and writes the report. Arguments go to validate: scripts/demo.sh --seed 3
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install-packages.sh build run
cmake --preset release
cmake --build --preset release --parallel "$(nproc)" --target halotwin
status=0
build/release/halotwin validate --quick --report report "$@" || status=$?
if [[ -f report/report.html ]]; then
  echo "report: $PWD/report/report.html"
fi
exit "$status"
