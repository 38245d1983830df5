#!/usr/bin/env python3
"""Fails on a C++ function of more than 70 lines, and on a TEST_CASE of more than 120.

Lines count from the first of the signature to the closing brace; lambdas belong to the function around them. The
scanner matches braces and relies on .clang-format: a body's brace follows a space, an initializer's follows a name.
"""

import re
import sys

import cpp_text
import tree

MOST_LINES = 70
MOST_LINES_OF_A_TEST = 120
TEST = re.compile(r"\b(TEST_CASE|TEST_CASE_METHOD|TEMPLATE_TEST_CASE|SCENARIO)\s*\(")
SCOPE = re.compile(r"(^|[\s>\]])(namespace|class|struct|union|enum|extern)\b(?!.*\)\s*(const|noexcept|override|final)*\s*$)", re.S)
NAME = re.compile(r"((?:[\w~]+(?:<[^()]*>)?::)*(?:operator\s*(?:\(\)|[^\s\w(]+|[\w:]+)|~?\w+))\s*\(")
TEMPLATE = re.compile(r"^\s*template\s*<[^{}()]*>", re.S)


def kind_of(header):
    """`header`: the code between the last statement or scope and an opening brace at namespace or class level."""
    bare = TEMPLATE.sub("", header).rstrip()
    if not bare or SCOPE.search(bare):
        return "scope"
    if not re.search(r"[)\w>}]$", bare) or re.search(r"[\w>]$", header):
        return "initializer"  # ends with `=`, or no space before the brace: a_{b}
    return "function" if "(" in bare else "initializer"


def functions_of(text):
    """(first line, last line, name, is it a test) of each function body in the file."""
    code = cpp_text.code_only(text)
    stack, parens, begin, found = [], 0, 0, []
    outside = True  # true: all enclosing braces are scopes
    for match in re.finditer(r"[{}();]|(?<!:):(?!:)", code):
        sign, at = match[0], match.start()
        if sign in "()":
            parens += 1 if sign == "(" else -1
        elif sign == "{":
            kind = "inner"
            if outside and parens == 0:
                kind = kind_of(code[begin:at])
            stack.append((kind, begin, parens))
            outside = outside and kind == "scope"
            if outside:
                begin, parens = at + 1, 0
        elif sign == "}" and stack:
            kind, opened_at, parens = stack.pop()
            outside = all(each == "scope" for each, _, _ in stack)
            if kind == "function":
                header = code[opened_at:at]
                first = opened_at + len(header) - len(header.lstrip())
                name = NAME.search(TEMPLATE.sub("", header))
                found.append((code.count("\n", 0, first) + 1, code.count("\n", 0, at) + 1,
                              name[1] if name else "a function", TEST.match(header.lstrip()) is not None))
            if kind in ("function", "scope"):
                begin = at + 1
        elif sign == ";" and outside and parens == 0:
            begin = at + 1
        elif sign == ":" and outside and parens == 0 and re.fullmatch(r"\s*(public|private|protected)", code[begin:at]):
            begin = at + 1
    return found


def wanted(path):
    return path.suffix in (".hpp", ".cpp")


def findings_of(_, text):
    for first, last, name, test in functions_of(text):
        lines, most = last - first + 1, MOST_LINES_OF_A_TEST if test else MOST_LINES
        if lines > most:
            yield first, f"{name} has {lines} lines, {most} are allowed; give a part of it that has a name to a function of its own"


if __name__ == "__main__":
    sys.exit(tree.run(__doc__, wanted, findings_of))
