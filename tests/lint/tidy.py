#!/usr/bin/env python3
"""Runs clang-tidy on every .cpp of the compilation database, and caches files without findings.

A file is checked again when its own text, a header of the project that it reaches, its compile command or .clang-tidy
has changed: their digest names an empty file in build/tidy-cache.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

PRECOMPILED = re.compile(r"""\s-(fpch-preprocess|Winvalid-pch|include\s+("[^"]*cmake_pch\.hxx"|\S*cmake_pch\.hxx))(?=\s)""")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def reached(path, roots, seen):
    if path in seen:
        return
    seen.add(path)
    for name in INCLUDE.findall(path.read_text(errors="replace")):
        for root in [path.parent, *roots]:
            found = (root / name).resolve()
            if found.is_file():
                reached(found, roots, seen)
                break


def digest_of(entry, path, roots, config):
    seen = set()
    reached(path, roots, seen)
    digest = hashlib.sha256(config + entry["command"].encode())
    for each in sorted(seen):
        digest.update(each.read_bytes())
    return digest.hexdigest()


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=root)
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--config", type=pathlib.Path, default=root / ".clang-tidy")
    args = parser.parse_args()
    build = args.build or args.root / "build"
    cache = build / "tidy-cache"
    cache.mkdir(exist_ok=True)
    config = args.config.read_bytes()

    # Without the precompiled header, which is GCC's: so each file is also checked for what it does not include itself.
    entries = json.loads((build / "compile_commands.json").read_text())
    for entry in entries:
        entry["command"] = PRECOMPILED.sub("", entry["command"])
    (cache / "compile_commands.json").write_text(json.dumps(entries))

    todo = []
    total = 0
    for entry in entries:
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        # Generated files are checked by their generator's tests; tests are checked by compiler warnings only.
        if not path.is_relative_to(args.root.resolve()) or path.is_relative_to(build.resolve()):
            continue
        if path.name.endswith("_test.cpp"):
            continue
        total += 1
        roots = [args.root, args.root / "libs", args.root / "tests"]
        mark = cache / digest_of(entry, path, roots, config)
        if not mark.exists():
            todo.append((path, mark))

    def check(item):
        path, mark = item
        command = ["clang-tidy-19", "--quiet", f"--config-file={args.config}", "-p", str(cache), str(path),
                   "--extra-arg=-Wno-unknown-warning-option"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            mark.touch()
        return path, done

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, done in pool.map(check, todo):
            if done.returncode != 0:
                failed += 1
                print(f"{path.relative_to(args.root.resolve())}:\n{done.stdout}{done.stderr}")
    print(f"tidy: {total} files, {len(todo)} of them new or changed, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
