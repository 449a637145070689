#!/usr/bin/env bash
# Installs what is missing, builds with warnings as errors, compiles each header alone and runs every test, the checks of
# layout and style included. Works on a bare Debian 12. Arguments go to ctest: scripts/test.sh -L unit
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
jobs=$(nproc)

scripts/install-packages.sh build run test lint
cmake --preset ci
cmake --build --preset ci --parallel "$jobs" --target all halotwin_header_check
ctest --preset ci --parallel "$jobs" --no-label-summary --progress "$@"
