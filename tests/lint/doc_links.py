#!/usr/bin/env python3
"""Fails on a link inside the repository without a target: files, headings, and `docs/x.md, "Heading"` in comments.

Usage: doc_links.py <source folder>
"""
import os
import pathlib
import re
import sys

LINK = re.compile(r"\]\(([^)\s]+)\)")
IN_WORDS = re.compile(r"\b(CONTRIBUTING\.md|docs/[\w/.-]+\.md)(?:, \"([^\"]+)\")?")
FENCE = re.compile(r"^```.*?^```", re.S | re.M)


def headings(path):
    return re.findall(r"^#+ (.+?)\s*$", FENCE.sub("", path.read_text(encoding="utf-8")), re.M)


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def main(source):
    source = pathlib.Path(source)
    files = []
    for folder, folders, names in os.walk(source):
        folders[:] = [name for name in folders if name not in {".git", "build", "node_modules", ".lamda"}]
        files += [pathlib.Path(folder) / name for name in sorted(names)]
    faults = []
    seen = 0
    for path in files:
        if path.suffix not in {".md", ".hpp", ".cpp", ".py", ".txt", ".cmake", ".sql", ".sh", ".toml"} or path.name == "doc_links.py":
            continue
        text = path.read_text(encoding="utf-8")
        where = path.relative_to(source)
        if path.suffix == ".md":
            for target in LINK.findall(FENCE.sub("", text)):
                if "://" in target or target.startswith("mailto:"):
                    continue
                seen += 1
                name, _, part = target.partition("#")
                file = (path.parent / name).resolve() if name else path
                if not file.exists():
                    faults.append(f"{where}: {target} does not exist")
                elif part and part not in map(anchor, headings(file)):
                    faults.append(f"{where}: {target}: the file has no such heading")
        for name, heading in IN_WORDS.findall(text):
            seen += 1
            file = source / name
            if "NNNN" in name:
                continue
            if not file.exists():
                faults.append(f"{where}: {name} does not exist")
            elif heading and heading not in headings(file):
                faults.append(f"{where}: {name} has no heading \"{heading}\"")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{seen} links, {len(faults)} faults")
    return 1 if faults or not seen else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
