#!/usr/bin/env bash
# Builds with sanitizers and runs the tests under them.
#   scripts/sanitize.sh [asan|tsan] [arguments for ctest]
# asan = address and undefined behaviour, tsan = threads. Without downstream and lint; slower than the plain tests by 2 to 10 times.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
kind=${1:-asan}
shift || true
jobs=$(nproc)

scripts/install-packages.sh build run test
cmake --preset "$kind"
cmake --build --preset "$kind" --parallel "$jobs"
case $kind in
  asan) export ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 ;;
  tsan) export TSAN_OPTIONS="suppressions=$PWD/scripts/tsan.supp halt_on_error=1 second_deadlock_stack=1" ;;
esac
# fixed addresses: the thread sanitizer of g++ 12 does not start under the address randomisation of newer kernels
setarch --addr-no-randomize ctest --preset "$kind" --parallel "$jobs" --no-label-summary --timeout 600 "$@"
