#!/usr/bin/env python3
"""Processor time (user and system) of a build of the given Ninja targets: cold, and after one change each to a source of
libs/core, to a source of one service and to core/result.hpp, which nearly all files include.

Builds a copy of the tree in a temporary folder, with the dev preset and without ccache.
"""

import argparse
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

# Figure, folder, file, text that is appended.
CHANGES = [
    ("build_core_source", "libs", "cid.cpp", "namespace lamda {\nint build_core_probe() { return 1; }\n}\n"),
    ("build_service_source", "services", "node_fold.cpp", "namespace lamda {\nint build_service_probe() { return 1; }\n}\n"),
    ("build_core_header", "libs", "result.hpp", "namespace lamda {\ninline int build_header_probe() { return 1; }\n}\n"),
]


def only(folder, name):
    found = list(folder.rglob(name))
    if len(found) != 1:
        sys.exit(f"build_seconds: {len(found)} files named {name} below {folder.name}/, 1 expected; change CHANGES")
    return found[0]


def copy_tree(root, to):
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (root / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, to / name)


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def processor_seconds(command, folder):
    before = children_seconds()
    done = subprocess.run(command, cwd=folder, env={**os.environ, "CCACHE_DISABLE": "1"}, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"build_seconds: {' '.join(command)} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return children_seconds() - before


def report(name, seconds, target):
    print(f"{name:<36} {seconds:>10.1f} {'s':<5} ({target})", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", default=str(os.cpu_count()))
    parser.add_argument("--preset", default="dev")
    parser.add_argument("targets", nargs="+")
    args = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parents[2]
    with tempfile.TemporaryDirectory(prefix="build-seconds-") as scratch:
        tree, build = pathlib.Path(scratch, "tree"), pathlib.Path(scratch, "build")
        copy_tree(root, tree)
        processor_seconds(["cmake", "--preset", args.preset, "-B", str(build)], tree)
        ninja = ["ninja", "-C", str(build), "-j", args.jobs, *args.targets]
        report("build_cold", processor_seconds(ninja, tree), "processor time, no cache")
        for name, folder, file, text in CHANGES:
            with only(tree / folder, file).open("a") as out:
                out.write("\n" + text)
            report(name, processor_seconds(ninja, tree), f"{file} changed")


if __name__ == "__main__":
    main()
