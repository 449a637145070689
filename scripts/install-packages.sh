#!/usr/bin/env bash
# Installs those packages of scripts/packages.txt that are missing: all of them, or only the named sections.
#   scripts/install-packages.sh [build|run|test|lint|fuzz]...
set -euo pipefail
list="$(dirname "${BASH_SOURCE[0]}")/packages.txt"

wanted=$(awk -v sections=" $* " '
  { sub(/#.*/, "") }
  /^\[/ { gsub(/[][ ]/, ""); section = $0; next }
  NF && (sections ~ /^ *$/ || index(sections, " " section " ")) { print $1 }' "$list")
if [[ -z $wanted ]]; then
  echo "install-packages.sh: no such section in packages.txt: $*" >&2
  exit 2
fi

missing=()
for package in $wanted; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $state == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

if ! command -v apt-get >/dev/null; then
  echo "install-packages.sh: not a Debian system; needed here under their own names: ${missing[*]}" >&2
  exit 0  # the configure step says what it does not find
fi
as_root=(env DEBIAN_FRONTEND=noninteractive)
if ((EUID != 0)); then
  command -v sudo >/dev/null || { echo "install-packages.sh: run as root: apt-get install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo "${as_root[@]}")
fi
echo "installing ${#missing[@]} packages: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 -o Dpkg::Progress-Fancy=0 "${missing[@]}" >/dev/null
