#!/usr/bin/env python3
"""Checks the style (clang-tidy, .clang-tidy) of the library and program sources.

    scripts/style.py [build folder with compile_commands.json]

Most of clang-tidy's time goes into the headers of libraries, so sources with the same flags are looked at in groups, as one
translation unit. A group that is not clean, or does not compile as one, is halved; the verdict on single files counts.
What passed is remembered in build/lint/ by the hash of its text, the headers of ours that it includes, flags and .clang-tidy.
"""
import collections
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

GROUP = 8
ROOT = pathlib.Path(__file__).resolve().parent.parent
PASSED = ROOT / "build" / "lint"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
NOT_OURS = ("build", "..", "tests/", "benchmarks/")


def sources(build):
    """Our sources by their flags."""
    by_flags = collections.defaultdict(list)
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = os.path.relpath(entry["file"], ROOT)
        if path.startswith(NOT_OURS):
            continue
        words = shlex.split(entry["command"])
        flags = tuple(words[1:words.index("-o")])
        by_flags[flags].append(path)
    return by_flags


def run(command, build, **options):
    return subprocess.run(command, cwd=build, text=True, capture_output=True, check=False, **options)


@functools.lru_cache(None)
def included(file):
    """Our files that a file includes by itself."""
    names = INCLUDE.findall(file.read_text())
    return tuple(path for name in names for path in (file.parent / name, ROOT / name) if path.is_file())


def key(file, flags):
    """What of ours clang-tidy sees, as a hash; the system's headers are taken to stay."""
    seen, left = {file}, [file]
    while left:
        new = [path for path in included(left.pop()) if path not in seen]
        seen.update(new)
        left += new
    texts = [path.read_text() for path in sorted(seen)]
    rules = (ROOT / ".clang-tidy").read_text()
    return hashlib.sha256("\0".join([rules, VERSION, *flags, str(file), *texts]).encode()).hexdigest()


def tidy(file, flags, build, extra):
    """clang-tidy's complaints; empty if the file is clean."""
    name = key(file, flags)
    if (PASSED / name).exists():
        return ""
    # clang does not know all warnings of g++ that the build names.
    seen = run(["clang-tidy", "--quiet", *extra, str(file), "--", *flags, "-Wno-unknown-warning-option"], build)
    if seen.returncode == 0:
        (PASSED / name).touch()
    return "" if seen.returncode == 0 else seen.stdout + seen.stderr


def tidy_group(name, files, flags, build):
    """The complaints about some files, as one translation unit where that compiles and is clean, else about its halves."""
    if len(files) == 1:
        return tidy(ROOT / files[0], flags, build, [])
    together = PASSED / f"group_{name}.cpp"
    text = "".join(f'#include "{file}"\n' for file in files)
    if not together.exists() or together.read_text() != text:
        together.write_text(text)
    extra = [f"--header-filter={ROOT}/.*", "--checks=-bugprone-suspicious-include"]
    compiles = run(["g++", *flags, "-w", "-fsyntax-only", str(together)], build).returncode == 0
    if compiles and not tidy(together, flags, build, extra):
        return ""
    half = len(files) // 2
    return tidy_group(name + "a", files[:half], flags, build) + tidy_group(name + "b", files[half:], flags, build)


def main():
    build = (ROOT / (sys.argv[1] if len(sys.argv) > 1 else "build/ci")).resolve()
    PASSED.mkdir(parents=True, exist_ok=True)
    groups = [(files[i:i + GROUP], flags) for flags, files in sources(build).items()
              for files in [sorted(files)] for i in range(0, len(files), GROUP)]
    clean = True
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        work = [pool.submit(tidy_group, str(n), files, flags, build) for n, (files, flags) in enumerate(groups)]
        for done in concurrent.futures.as_completed(work):
            if done.result():
                clean = False
                print(done.result())
    sys.exit(0 if clean else 1)


VERSION = subprocess.run(["clang-tidy", "--version"], text=True, capture_output=True, check=True).stdout

if __name__ == "__main__":
    main()
