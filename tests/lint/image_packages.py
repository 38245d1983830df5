#!/usr/bin/env python3
"""Checks that the container image installs exactly the libraries that the executables are linked to.

Usage: image_packages.py <Dockerfile> <executable>…
"""
import os
import re
import subprocess
import sys

ALWAYS_THERE = {"libc6", "libgcc-s1", "libstdc++6", "libssl3", "zlib1g"}  # in debian:12-slim, or dependencies of the listed packages
ONLY_IN_TEST_BUILDS = re.compile(r"^(libasan|libubsan|libtsan|liblsan)\d+$")
NO_LIBRARY = {"ca-certificates", "curl"}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout


def needed_by(executable):
    """Packages of the directly linked libraries; their dependencies follow."""
    names = re.findall(r"\(NEEDED\)\s+Shared library: \[(.+?)\]", run("readelf", "-d", executable))
    where = dict(re.findall(r"^\s*(\S+) => (/\S+)", run("ldd", executable), re.M))
    packages = set()
    for name in names:
        path = where.get(name)
        if path is None:  # the loader itself
            continue
        real = os.path.realpath(path)
        for candidate in (real, real.removeprefix("/usr"), path, path.removeprefix("/usr")):
            found = subprocess.run(["dpkg", "-S", candidate], capture_output=True, text=True, timeout=600)
            if found.returncode == 0:
                packages.add(found.stdout.split(":", 1)[0])
                break
        else:
            raise SystemExit(f"{executable}: {path} belongs to no package")
    return packages


def main(dockerfile, *executables):
    runtime_stage = open(dockerfile, encoding="utf-8").read().rsplit("\nFROM ", 1)[1]
    install = re.search(r"apt-get install [^\n]*\\\n(.*?)&&", runtime_stage, re.S).group(1)
    listed = set(re.findall(r"[a-z0-9][a-z0-9+.-]+", install)) - NO_LIBRARY
    needed = set().union(*(needed_by(executable) for executable in executables))
    needed = {package for package in needed - ALWAYS_THERE if not ONLY_IN_TEST_BUILDS.match(package)}
    for package in sorted(needed - listed):
        print(f"{dockerfile}: {package} is missing", file=sys.stderr)
    for package in sorted(listed - needed):
        print(f"{dockerfile}: {package} is listed, and no executable needs it", file=sys.stderr)
    print(f"{len(executables)} executables, {len(needed)} packages")
    return 1 if needed != listed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
