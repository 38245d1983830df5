#!/usr/bin/env python3
"""Fails on a source file of more than 400 lines."""

import sys

import tree

MOST_LINES = 400
SUFFIXES = {".hpp", ".cpp", ".py", ".mjs", ".sh", ".cmake"}
DATA = {"proto", "node_modules"}  # folders of generated or recorded data


def wanted(path):
    return path.suffix in SUFFIXES and not DATA & set(path.parts)


def findings_of(_, text):
    lines = len(text.splitlines())
    if lines > MOST_LINES:
        yield lines, f"the file has {lines} lines, {MOST_LINES} are allowed; split it by idea into files that a name can describe"


if __name__ == "__main__":
    sys.exit(tree.run(__doc__, wanted, findings_of))
