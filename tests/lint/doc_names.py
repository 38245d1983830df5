#!/usr/bin/env python3
"""Fails on a C++ name in the documentation that the sources do not have.

Names are what stands between backticks and has `::` in it; in docs/walkthrough.md, which leads through the sources by
name, every identifier between backticks. docs/decisions are history. Each part must occur as a word in a source.
"""

import functools
import pathlib
import re
import sys

import tree

ROOT = pathlib.Path(__file__).resolve().parents[2]
QUALIFIED = re.compile(r"`((?:[A-Za-z_]\w*::)+~?[A-Za-z_]\w*)(?:\(\))?`")
ANY = re.compile(r"`([A-Za-z_][\w.:]*)(?:\(\))?`")
FOREIGN = {"std", "pqxx", "nlohmann", "httplib", "boost", "CLI"}
SOURCES = {".hpp", ".cpp", ".py", ".mjs", ".sql", ".yaml", ".txt"}


@functools.cache
def words():
    found = set()
    for path in tree.tracked(ROOT):
        if path.suffix in SOURCES:
            found.update(re.findall(r"\w+", (ROOT / path).read_text(errors="replace")))
    return found


def wanted(path):
    return path.suffix == ".md" and not str(path).startswith("docs/decisions/")


def findings_of(path, text):
    pattern = ANY if path.name == "walkthrough.md" else QUALIFIED
    for number, line in enumerate(text.splitlines(), 1):
        for name in pattern.findall(line):
            parts = re.findall(r"\w+", name)
            absent = [] if parts[0] in FOREIGN else [part for part in parts if part not in words()]
            if absent:
                yield number, f"`{name}`: no source has {', '.join(absent)}; write the present name"


if __name__ == "__main__":
    sys.exit(tree.run(__doc__, wanted, findings_of))
