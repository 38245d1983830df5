"""C++ source split into comments, string literals and code. Not a lint itself."""

import re
import typing

PART = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      |(?P<string>(?:u8|[uUL])?R"(?P<end>[^(\s]{0,16})\((?P<raw>.*?)\)(?P=end)"
                 |(?:u8|[uUL])?"(?P<plain>(?:\\.|[^"\\\n])*)")
      |(?P<number>\b\d(?:[\w.]|'(?=\w))*)
      |(?P<char>'(?:\\.|[^'\\\n])+')
      |(?P<directive>^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*)""", re.S | re.M | re.X)


class Part(typing.NamedTuple):
    kind: str     # "comment", "string" or "directive"
    line: int     # of its first character
    text: str     # of a string: its content without quotes; adjacent literals are one part, joined by "\n" at line ends
    start: int    # offset in the file
    end: int


def parts_of(text):
    """Comments, string literals and preprocessor lines in their order."""
    out = []
    for match in PART.finditer(text):
        kind = match.lastgroup if match.lastgroup in ("comment", "directive") else None
        if match["string"] is not None:
            kind = "string"
        if kind is None:
            continue
        content = match[0]
        if kind == "string":
            content = match["raw"] if match["raw"] is not None else match["plain"]
            gap = text[out[-1].end:match.start()] if out and out[-1].kind == "string" else "?"
            if not gap.strip():
                last = out.pop()
                out.append(Part(kind, last.line, last.text + "\n" * gap.count("\n") + content, last.start, match.end()))
                continue
        out.append(Part(kind, text.count("\n", 0, match.start()) + 1, content, match.start(), match.end()))
    return out


def code_only(text):
    """The text with comments, literals and preprocessor lines blanked; lines and columns stay."""
    def blank(match):
        return match[0] if match["number"] is not None else re.sub(r"[^\n]", " ", match[0])
    return PART.sub(blank, text)
