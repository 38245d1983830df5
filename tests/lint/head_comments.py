#!/usr/bin/env python3
"""Fails on a C++ file whose head comment is missing, long or does not begin with a noun or a verb, and on such a `///`.

Every header has a head comment, and every .cpp that is not a test and does not open with the include of its own header,
whose comment then describes both. The comment is a sentence that names its subject, up to 4 lines; a blank `//` line
ends it, usage may follow.
"""

import re
import sys

import tree

MOST_LINES = 4
FEWEST_WORDS = 3
HEAD_STARTS = ("What Whether Whose Who Whom How Which Where When Why That Those If It Its They Of From As After "
               "By For In To With").split()
HEAD_PHRASES = ("All that", "All of that")
DOC_STARTS = ("What", "Whether", "Whose", "Of")
DOC_LINE = re.compile(r"^(?P<code>.*?)///(?P<member><?)(?P<text>[^/].*)?$")


def head_of(lines):
    """The text of the first paragraph of the comment that the file begins with."""
    out = []
    for line in lines:
        if not line.startswith("//") or not line.strip("/ "):
            break
        out.append(line.lstrip("/").strip())
    return out


def opens_with_own_header(path, lines):
    return bool(lines) and re.fullmatch(rf'#include "(?:[\w./-]+/)?{re.escape(path.stem)}\.hpp"', lines[0]) is not None


def head_findings(path, lines):
    if path.name.endswith("_test.cpp") or (path.suffix == ".cpp" and opens_with_own_header(path, lines)):
        return
    head = head_of(lines)
    if not head:
        yield 1, "no head comment; begin the file with a sentence about what it provides or does"
        return
    text = " ".join(head)
    start = next((phrase for phrase in HEAD_PHRASES if text.startswith(phrase + " ")), re.split(r"[\s,;:]", text, maxsplit=1)[0])
    if start in HEAD_STARTS or start in HEAD_PHRASES:
        yield 1, f'the head comment begins with "{start}"; begin with a noun or a verb and name the subject'
    if len(text.split()) < FEWEST_WORDS:
        yield 1, f'the head comment is "{text}"; write a sentence that names its subject'
    if not re.search(r"[.:)]$|\w/\S+$", text):
        yield len(head), "the head comment does not end as a sentence does; end it with a full stop"
    if len(head) > MOST_LINES:
        yield 1, f"the head comment has {len(head)} lines, {MOST_LINES} are allowed; keep what the file is for, move the rest to a README"


def doc_findings(lines):
    inside = False  # of a block of `///` lines
    for number, line in enumerate(lines, 1):
        found = DOC_LINE.match(line)
        if found and '"' not in found["code"] and not (inside and not found["code"].strip()):
            words = (found["text"] or "").split()
            if words and words[0].rstrip(",:") in DOC_STARTS:
                yield number, f'the doc comment begins with "{words[0]}"; begin with a noun or a verb ("True if …", "Returns …")'
        inside = found is not None and '"' not in found["code"]


def wanted(path):
    return path.suffix in (".hpp", ".cpp")


def findings_of(path, text):
    lines = text.splitlines()
    yield from head_findings(path, lines)
    yield from doc_findings(lines)


if __name__ == "__main__":
    sys.exit(tree.run(__doc__, wanted, findings_of))
