#!/usr/bin/env python3
"""Fails on a read of the machine's clocks in a C++ file outside of libs/core/clock.cpp.

Times are from a Clock, which a test sets. Tests and their tools are exempt: they measure the time of this machine.
"""

import re
import sys

import cpp_text
import tree

CLOCK = "libs/core/clock.cpp"
FOLDERS = ("libs/testkit/", "tests/")
NAMES = re.compile(r"_test\.cpp$|(^|/)test_\w+\.[ch]pp$|/testing/")

# An alias of a standard clock would hide it from the second alternative.
READ = re.compile(r"""\b(?:
    using\s+(?P<alias>\w+)\s*=\s*(?:std::chrono::|chrono::)?(?:steady|system|high_resolution|utc|file)_clock\s*;
  | (?P<clock>(?:steady|system|high_resolution|utc|file)_clock)\s*::\s*now\b
  | (?P<function>clock_gettime|gettimeofday|timespec_get|time)\s*\(\s*(?:nullptr|NULL|0|CLOCK_\w+|&)
)""", re.X)


def wanted(path):
    return path.suffix in (".hpp", ".cpp") and str(path) != CLOCK and not str(path).startswith(FOLDERS) and not NAMES.search(str(path))


def findings_of(path, text):
    code = cpp_text.code_only(text)
    for match in READ.finditer(code):
        read = match["alias"] or match["clock"] or match["function"]
        yield (code.count("\n", 0, match.start()) + 1,
               f"{read}: a time not from a Clock; pass one (core/clock.hpp), or for a timeout a Deadline (core/deadline.hpp)")


if __name__ == "__main__":
    sys.exit(tree.run(__doc__, wanted, findings_of))
