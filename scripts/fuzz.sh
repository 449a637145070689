#!/usr/bin/env bash
# Builds the targets of libFuzzer (clang, preset fuzz) and lets each run for its share of the time, from the inputs in
# tests/fuzz/corpus. Ends with status 1 at the first finding and says where the input lies.
#   scripts/fuzz.sh [seconds in all, 60] [target...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=60
if [[ ${1:-} =~ ^[0-9]+$ ]]; then
  seconds=$1
  shift
fi

scripts/install-packages.sh build test fuzz
cmake --preset fuzz
if [ $# -eq 0 ]; then
  cmake --build --preset fuzz --parallel "$(nproc)"
  mapfile -t targets < <(cd tests/fuzz/corpus && ls)
else
  targets=("$@")
  cmake --build --preset fuzz --parallel "$(nproc)" --target "${targets[@]/#/fuzz_}"
fi

share=$((seconds / ${#targets[@]} > 0 ? seconds / ${#targets[@]} : 1))
for target in "${targets[@]}"; do
  new=build/fuzz/found/$target # inputs that reach something new are kept here from run to run
  mkdir -p "$new"
  echo "$target: $share s"
  if ! "build/fuzz/tests/fuzz/fuzz_$target" -max_total_time="$share" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
    -artifact_prefix="$new.finding-" "$new" "tests/fuzz/corpus/$target"; then
    echo "$target: the input is $(ls -t "$new".finding-* | head -n 1); keep it in tests/fuzz/corpus/$target" >&2
    exit 1
  fi
done
