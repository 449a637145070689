#!/usr/bin/env python3
"""Checks the style (clang-tidy, .clang-tidy) of the library and program sources.

    scripts/style.py [build folder with compile_commands.json]

Most of clang-tidy's time goes into the headers of libraries, so sources with the same flags are looked at in groups, as one
translation unit: files that give no name twice. What is said of a file in a group may be the group's fault: the file is looked at by itself
then, and that verdict counts. Files that passed are remembered in build/lint/ by the hash of their text, the headers of ours that they
include, flags and .clang-tidy.
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

GROUP = 32
ROOT = pathlib.Path(__file__).resolve().parent.parent
PASSED = ROOT / "build" / "lint"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
HIDDEN = re.compile(r"^namespace \{$(.*?)^\}  // namespace$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"^[A-Za-z].*?(\w+)(?:\(| \{| = |\{|;|$)", re.MULTILINE)
COMPLAINT = re.compile(r"^(/[^:\n]+):\d+:\d+: (?:error|warning): ", re.MULTILINE)
# clang does not know all warnings of g++ that the build names; a name of one file may be shadowed in another of its group, and
# g++ looks at that.
MORE_FLAGS = ("-Wno-unknown-warning-option", "-Wno-shadow", "-ferror-limit=0")
PRECOMPILED = ("-include", "-Winvalid-pch")
NOT_OURS = ("build", "..", "tests/", "benchmarks/")


def sources(build):
    """Our sources by their flags."""
    by_flags = collections.defaultdict(list)
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = os.path.relpath(entry["file"], ROOT)
        if path.startswith(NOT_OURS):
            continue
        words = shlex.split(entry["command"])
        flags = tuple(word for word in words[1:words.index("-o")] if "cmake_pch" not in word and word not in PRECOMPILED)
        by_flags[flags].append(path)
    return by_flags


def run(command, build, **options):
    return subprocess.run(command, cwd=build, text=True, capture_output=True, check=False, **options)


@functools.lru_cache(None)
def included(file):
    """Our files that a file includes by itself."""
    names = INCLUDE.findall(file.read_text())
    return tuple(path for name in names for path in (file.parent / name, ROOT / name) if path.is_file())


@functools.lru_cache(None)
def seen_with(file):
    """The file and all headers of ours that it includes."""
    seen, left = {file}, [file]
    while left:
        new = [path for path in included(left.pop()) if path not in seen]
        seen.update(new)
        left += new
    return frozenset(seen)


def key(file, flags):
    """What of ours clang-tidy sees, as a hash; the system's headers are taken to stay."""
    texts = [path.read_text() for path in sorted(seen_with(file))]
    rules = (ROOT / ".clang-tidy").read_text()
    return hashlib.sha256("\0".join([rules, VERSION, *flags, str(file), *texts]).encode()).hexdigest()


def together(files):
    """One source of all of them."""
    text = "".join(f'#include "{file}"\n' for file in files)
    path = PASSED / f"group_{hashlib.sha256(text.encode()).hexdigest()[:16]}.cpp"
    path.write_text(text)
    return path


def own_names(file):
    """What a file names for itself, with its namespace; too many do no harm."""
    text = (ROOT / file).read_text()
    space = re.search(r"^namespace ([\w:]+) \{$", text, re.MULTILINE)
    return {(space and space[1], name) for part in HIDDEN.findall(text) for name in NAMED.findall(part)}


def groups(files):
    """The files, in groups that have no name of their own in common."""
    found = []
    for file in sorted(files):
        names = own_names(file)
        for members, taken in found:
            if len(members) < GROUP and not names & taken:
                members.append(file)
                taken |= names
                break
        else:
            found.append(([file], names))
    return [members for members, _ in found]


def tidy(files, flags, build):
    """clang-tidy's complaints; empty if the files are clean."""
    alone = len(files) == 1
    what = [str(ROOT / files[0])] if alone else [
        f"--header-filter={ROOT}/.*", "--checks=-bugprone-suspicious-include", str(together(files))]
    seen = run(["clang-tidy", "--quiet", *what, "--", *flags, *MORE_FLAGS], build)
    if alone and seen.returncode != 0:
        return seen.stdout + seen.stderr
    # Of a header, the first source that includes it answers for it.
    blamed = set() if alone else {next((file for file in files if pathlib.Path(path) in seen_with(ROOT / file)), None)
                                   for path in COMPLAINT.findall(seen.stdout)}
    if None in blamed or (seen.returncode != 0 and not blamed):
        blamed = set(files)
    for file in set(files) - blamed:
        (PASSED / key(ROOT / file, flags)).touch()
    return "".join(tidy([file], flags, build) for file in sorted(blamed))


def main():
    build = (ROOT / (sys.argv[1] if len(sys.argv) > 1 else "build/ci")).resolve()
    PASSED.mkdir(parents=True, exist_ok=True)
    clean = True
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        work = [pool.submit(tidy, group, flags, build)
                for flags, files in sources(build).items()
                for group in groups([f for f in files if not (PASSED / key(ROOT / f, flags)).exists()])]
        for done in concurrent.futures.as_completed(work):
            if done.result():
                clean = False
                print(done.result())
    sys.exit(0 if clean else 1)


VERSION = subprocess.run(["clang-tidy", "--version"], text=True, capture_output=True, check=True).stdout

if __name__ == "__main__":
    main()
