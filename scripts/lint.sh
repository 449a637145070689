#!/usr/bin/env bash
# Layout (clang-format) of all our sources and style (clang-tidy, .clang-tidy) of the library and program sources.
#   scripts/lint.sh [layout|style|all] [build folder with compile_commands.json]
# clang-tidy is slow, so a file that passed is not looked at again until it, a header that it includes, its compile command
# or .clang-tidy changes; what passed is remembered in build/lint/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
what=${1:-all}
build=${2:-build/ci}
folders=(base physics sim devices data analysis scenarios session validation app tests benchmarks)

layout() {
  find "${folders[@]}" \( -name '*.hpp' -o -name '*.cpp' \) -print0 2>/dev/null |
    xargs -0 clang-format --dry-run -Werror
}

# clang does not know all warnings of g++ that the build names.
# tidy_one FILE COMMAND: the key of what clang-tidy sees is the hash of the preprocessed text with its comments.
tidy_one() {
  local file=$1 command=$2 key
  key=$({ cat .clang-tidy "$file"; echo "$command"; clang-tidy --version; (cd "$build" && eval "${command%% -o *} -E -C -P $PWD/$file" 2>/dev/null); } |
    sha256sum | cut -d' ' -f1)
  [[ -e build/lint/$key ]] && return 0
  clang-tidy --quiet --extra-arg=-Wno-unknown-warning-option -p "$build" "$file" 2>/dev/null && touch "build/lint/$key"
}

style() {
  mkdir -p build/lint
  export build
  export -f tidy_one
  python3 - "$build" "$PWD" <<'PY' | xargs -0 -n 2 -P "$(nproc)" bash -c 'tidy_one "$0" "$1"'
import json, os, sys
build, root = sys.argv[1:]
for entry in json.load(open(os.path.join(build, "compile_commands.json"))):
    path = os.path.relpath(entry["file"], root)
    if not path.startswith(("build", "..", "tests/", "benchmarks/")):
        sys.stdout.write(path + "\0" + entry["command"] + "\0")
PY
}

case $what in
  layout) layout ;;
  style) style ;;
  all) layout && style ;;
  *) echo "lint.sh: layout, style or all, not $what" >&2; exit 2 ;;
esac
