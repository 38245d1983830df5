#!/usr/bin/env python3
"""Fails if docs/errors.md, the list of the REST interface's error codes, differs from the sources.

    error_codes.py [--write]      --write: makes the list
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = "docs/errors.md"
NGINX = "deploy/nginx/lamda.conf"
# Folders whose refusals reach a client of the gateway, and their part of the market.
SOURCES = {
    "libs/core": "gateway", "libs/crypto": "gateway", "libs/wire": "gateway", "libs/natsauth": "gateway", "libs/http": "gateway",
    "libs/problem": "gateway", "libs/views": "gateway", "services/api-gateway": "gateway",
    "services/job-dispatcher/bus": "dispatcher", "services/node-registry/credentials": "registry",
}
# Not for clients: the bus, key files, programs of the operator.
OTHERS = re.compile(r"_test\.cpp$|/testing/|libs/views/query_handler|libs/crypto/(key_file|seal|ed25519)|libs/core/duration"
                    r"|libs/natsauth/(?!nkey)|libs/wire/(subjects|heartbeat|status|notices|job_messages|documents/(receipt|benchmark))"
                    r"|libs/http/address_ranges|api-gateway/access/origin|services/job-dispatcher/bus/(?!command)")
CODE = r'"(?P<code>[a-z][a-z0-9]*(?:_[a-z0-9]+)*)"'
ANSWERS = [re.compile(r"\b(?P<status>[45]\d\d),\s*\{?\s*" + CODE),
           re.compile(r"\b(?P<unavailable>unavailable)\(\s*" + CODE),
           re.compile(r"\b(?P<quota>Quota)\{\s*" + CODE)]
FIELDS = [re.compile(r"\bError(?:\s+\w+)?\{\s*" + CODE), re.compile(r"\b(?:note|invalid)\(\s*\{\s*" + CODE),
          re.compile(r"\breturn\s*\{\s*" + CODE), re.compile(r"\b(?:refuse|fail|out\.add)\(\s*" + CODE + r'(?=,\s*(?:"|fmt::|std::string))'),
          # FieldError: a pointer, the code.
          re.compile(r'\{\s*(?:[^{},;"]*"[/?{][^"]*"[^,;"]*|pointer_to\([^)]*\)|k?[Pp]ointer|[\w.]*prefix[^,;]*),\s*' + CODE)]
LITERALS = re.compile(r'(?:"(?:[^"\\]|\\.)*"\s*)+')
STATUS_OF = {"unavailable": "503", "quota": "429"}


def meaning_after(text, at):
    """The first text that is not empty in the same statement."""
    statement = re.split(r"\}\s*;|\)\s*;|\};", text[at:at + 700], maxsplit=1)[0]
    for match in LITERALS.finditer(statement):
        literal = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', match[0])).replace('\\"', '"')
        if literal.strip() and not literal.startswith(("?", "/", "{")):
            cut = statement[match.end():].lstrip().startswith("+")
            return re.sub(r"\{[^}]*\}", "…", literal).strip() + (" …" if cut else "")
    return ""


def found_in(part, text):
    """(code, status or empty, meaning, part) of each place."""
    for expression in ANSWERS:
        for match in expression.finditer(text):
            status = match.groupdict().get("status") or STATUS_OF[match[1].lower()]
            yield match["code"], status, "" if status == "429" and match[1] == "Quota" else meaning_after(text, match.end()), part
    for expression in FIELDS:
        for match in expression.finditer(text):
            yield match["code"], "", meaning_after(text, match.end()), part


def places(root):
    for folder, part in SOURCES.items():
        for path in sorted((root / folder).rglob("*")):
            name = str(path.relative_to(root))
            if path.suffix in (".cpp", ".hpp") and not OTHERS.search(name):
                yield from found_in(part, path.read_text())
    for status, code, detail in re.findall(r"^\s*(\d{3})\s+'\"type\":\"urn:lamda:error:(\w+)\".*?\"detail\":\"([^\"]*)\"", (root / NGINX).read_text(), re.M):
        yield code, status, detail, "nginx"


def unique(items):
    return list(dict.fromkeys(item for item in items if item))


def rows(entries, columns):
    out = []
    for code in sorted(entries):
        statuses, meanings, parts = (unique(each) for each in zip(*entries[code]))
        cells = [f"`{code}`"] + ([", ".join(sorted(statuses))] if columns == 4 else []) + [
            "; ".join(meaning.replace("|", "\\|") for meaning in meanings[:2]), ", ".join(parts)]
        out.append("| " + " | ".join(cells) + " |")
    return out


def page(root):
    answers, fields = {}, {}
    for code, status, meaning, part in places(root):
        (answers if status else fields).setdefault(code, []).append((status, meaning, part))
    return "\n".join([
        "# Error codes of the REST interface", "",
        "Every refusal is a problem document (RFC 9457) whose `code` is one of these; programs use the code, never the texts. This page is made",
        "from the sources by `python3 tests/lint/error_codes.py --write`.", "",
        "## Codes of answers", "", "| code | status | detail | from |", "|---|---|---|---|", *rows(answers, 4), "",
        "## Codes of wrong fields", "",
        "In `errors[]` and in the findings of a check, with a pointer to the field. A refused proof, signature or command has one of them as the code of the",
        "answer, with 400, 403 or 409.", "",
        "| code | detail | from |", "|---|---|---|", *rows(fields, 3), ""])


def main():
    wanted = page(ROOT)
    path = ROOT / PAGE
    if sys.argv[1:] == ["--write"]:
        path.write_text(wanted)
        return 0
    if not path.exists() or path.read_text() != wanted:
        print(f"{PAGE}: differs from the sources; run python3 tests/lint/error_codes.py --write")
        return 1
    print(f"error_codes: {wanted.count(chr(10) + '| `')} codes, as in the sources")
    return 0


if __name__ == "__main__":
    sys.exit(main())
