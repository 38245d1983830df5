#!/usr/bin/env python3
"""Prints the ten slowest tests of each suite, from the reports that ctest --output-junit writes.

usage: slowest.py <report.xml>…
"""

import pathlib
import sys
import xml.etree.ElementTree

SHOWN = 10


def print_slowest(path):
    try:
        suite = xml.etree.ElementTree.parse(path).getroot()
    except (OSError, xml.etree.ElementTree.ParseError) as error:
        print(f"slowest: {path} is not a report of ctest --output-junit: {error}", file=sys.stderr)
        return 1
    cases = sorted(suite.iter("testcase"), key=lambda case: -float(case.get("time")))
    total = sum(float(case.get("time")) for case in cases)
    print(f"{path}: {len(cases)} tests, {suite.get('failures')} failed; {float(suite.get('time')):.0f} s, "
          f"{total:.0f} s of tests in sequence")
    for case in cases[:SHOWN]:
        failed = "" if case.get("status") == "run" else f"  {case.get('status')}"
        print(f"{float(case.get('time')):8.1f} s  {case.get('name')}{failed}")
    return 0


def main(paths):
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    return max([print_slowest(pathlib.Path(path)) for path in paths])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
