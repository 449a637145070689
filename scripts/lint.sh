#!/usr/bin/env bash
# Layout (clang-format) of all our sources and style (clang-tidy, scripts/style.py) of the library and program sources.
#   scripts/lint.sh [layout|style|all] [build folder with compile_commands.json]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
what=${1:-all}
build=${2:-build/ci}
folders=(base physics sim devices data analysis scenarios session validation app tests benchmarks)

layout() {
  find "${folders[@]}" \( -name '*.hpp' -o -name '*.cpp' \) -print0 2>/dev/null |
    xargs -0 clang-format --dry-run -Werror
}

case $what in
  layout) layout ;;
  style) scripts/style.py "$build" ;;
  all) layout && scripts/style.py "$build" ;;
  *) echo "lint.sh: layout, style or all, not $what" >&2; exit 2 ;;
esac
