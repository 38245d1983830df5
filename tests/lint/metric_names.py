#!/usr/bin/env python3
"""Fails on a metric in an alert or a document that the sources do not declare, and on a declared one that the first document
lacks.

Usage: metric_names.py <source folder> <document> <file>…
"""
import pathlib
import re
import sys

# A histogram is served as several metrics.
NAME = re.compile(r"\blamda_[a-z0-9]+_[a-z0-9_]+\b")
DECLARED = re.compile(r"\b(?:counter|gauge|histogram)\(\s*\"(lamda_[a-z0-9_]+)\"")


def main(source, document, *files):
    sources = [p for top in ("libs", "services") for p in (pathlib.Path(source) / top).rglob("*.[ch]pp") if not p.stem.endswith("_test")]
    declared = {name for p in sources for name in DECLARED.findall(p.read_text(encoding="utf-8"))}
    faults = 0
    spoken_of = set()
    for file in (document, *files):
        for name in sorted(set(NAME.findall(pathlib.Path(file).read_text(encoding="utf-8")))):
            spoken_of.add(name)
            if re.sub(r"_(bucket|sum|count)$", "", name) not in declared and name not in declared:
                print(f"{file}: {name} is declared nowhere in libs or services", file=sys.stderr)
                faults += 1
    text = pathlib.Path(document).read_text(encoding="utf-8")
    for name in sorted(declared - set(NAME.findall(text))):
        print(f"{document}: {name} is missing; add its line to the table of metrics", file=sys.stderr)
        faults += 1
    print(f"{len(declared)} metrics, {len(spoken_of)} mentioned, {faults} faults")
    return 1 if faults or not spoken_of else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
