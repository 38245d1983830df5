#!/usr/bin/env python3
"""Fails if migrations/ has gaps or wrongly named files, or if a released migration was changed.

migrations/checksums.txt has one line `<sha256>  <file>` for each migration of a release (--release writes it). Those
are applied in databases of others: a change must be a new migration.
"""

import argparse
import hashlib
import pathlib
import re
import sys

NAME = re.compile(r"^(\d{4})_[a-z0-9]+(_[a-z0-9]+)*\.sql$")


def check(folder):
    problems = []
    files = sorted(p for p in folder.iterdir() if p.suffix == ".sql")
    numbers = []
    for path in files:
        found = NAME.match(path.name)
        if not found:
            problems.append(f"{path.name}: the name must be NNNN_verb_thing.sql")
            continue
        numbers.append(int(found.group(1)))
        text = path.read_text()
        if not text.strip():
            problems.append(f"{path.name}: is empty")
        # All missing migrations are applied in one transaction, which they must not end.
        body = re.sub(r"\$\$.*?\$\$|--[^\n]*", "", text, flags=re.S)
        if re.search(r"^\s*(BEGIN|COMMIT|ROLLBACK|START TRANSACTION)\s*;", body, re.M | re.I):
            problems.append(f"{path.name}: must not begin or end a transaction")
    for expected, number in enumerate(sorted(numbers), 1):
        if number != expected:
            problems.append(f"migration {expected:04d} is missing or there twice")
            break
    released = folder / "checksums.txt"
    if released.exists():
        for line in released.read_text().splitlines():
            digest, name = line.split()
            path = folder / name
            if not path.exists():
                problems.append(f"{name}: released, and now missing")
            elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                problems.append(f"{name}: released, and now changed: write a new migration instead")
    return files, problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2] / "migrations")
    parser.add_argument("--release", action="store_true", help="record the present migrations as released")
    args = parser.parse_args()
    files, problems = check(args.folder)
    if problems:
        print("\n".join(problems))
        return 1
    if args.release:
        lines = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in files]
        (args.folder / "checksums.txt").write_text("".join(lines))
    print(f"migrations: {len(files)}, in order")
    return 0


if __name__ == "__main__":
    sys.exit(main())
