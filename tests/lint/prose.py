"""Text of the tree that people read: comments, messages, documents. Not a lint itself."""

import io
import re
import tokenize

import cpp_text
import sql_place

IDENTIFIER = re.compile(r"[a-z0-9_.:/\[\]$*-]*")
CODE = re.compile(r"`[^`\n]*`|@param\s+\w+")
FENCE = re.compile(r"^ *```.*?^ *```", re.S | re.M)
DESCRIPTION = re.compile(r'"(?:description|title)": *("(?:\\.|[^"\\])*")')
SCRIPT_PART = re.compile(r"""(?:^|(?<=\s))//[^\n]*|/\*.*?\*/|"[^"\n]*"|'[^'\n]*'|`[^`]*`""", re.S | re.M)
WHOLE = {".txt", ".sh", ".cmake", ".yaml", ".yml", ".conf", ".toml", ".service", ".sql"}
WHOLE_NAMES = {"Makefile", "Dockerfile", "env.example"}


def blanked(pattern, text):
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def is_prose(literal):
    return IDENTIFIER.fullmatch(literal) is None and not sql_place.is_sql(literal)


def of_cpp(text):
    for part in cpp_text.parts_of(text):
        if part.kind == "comment" or (part.kind == "string" and is_prose(part.text)):
            yield part.line, part.text


def of_python(text):
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and is_prose(token.string.strip("rbfu'\""))):
            yield token.start[0], token.string


def of_matches(pattern, text, group=0):
    for found in pattern.finditer(text):
        if is_prose(found[group].strip("\"'`")):
            yield text.count("\n", 0, found.start(group)) + 1, found[group]


def of_file(path, text):
    """(first line, text) of each piece of prose in the file; nothing for kinds of files that hold none."""
    if path.suffix in (".hpp", ".cpp"):
        pieces = of_cpp(text)
    elif path.suffix == ".py":
        pieces = of_python(text)
    elif path.suffix in (".mjs", ".ts"):
        pieces = of_matches(SCRIPT_PART, text)
    elif path.suffix == ".md":
        pieces = [(1, blanked(FENCE, text))]
    elif path.name.endswith(".schema.json"):
        pieces = of_matches(DESCRIPTION, text, 1)
    elif path.suffix in WHOLE or path.name in WHOLE_NAMES:
        pieces = [(1, text)]
    else:
        pieces = []
    return [(line, blanked(CODE, piece)) for line, piece in pieces]
