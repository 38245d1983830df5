#!/usr/bin/env python3
"""Fails on words that plain technical English has better ones for: in comments, messages, help texts and documents.

WORDS is the table. Identifiers, SQL and `code in marks` are not judged; neither are docs/decisions, which are history,
nor migrations, whose checksums databases hold.
"""

import re
import sys

import prose
import tree

# What is found (whole words, any case) → what to write instead.
WORDS = {
    # People and fate
    r"nobody|no one": "name the role: no client, no process, no caller",
    r"somebody|someone|anybody|anyone|everybody|everyone": "name the role: another process, any client, each role",
    r"whoever": "name the role: the caller that, the process that, any client that",
    r"one's": "name the owner: the job's, the endpoint's; or its",
    r"told": "reported, notified, instructed, configured",
    r"tells?|telling": "reports, states, shows, notifies; apart: distinguishes",
    r"hears?|heard|hearing": "receives, received, is notified, seen",
    r"trouble[sd]?": "error, failure, unavailable",
    r"hope[sd]?|hoping": "assumes without a check",
    r"life|lives(?= (?:of|that|in|on|at|where|elsewhere|under|for))": "process run, lifetime; lives: is stored, exists",
    r"fate": "outcome",
    r"news": "change, event, update",
    r"wish(?:es|ed)?": "request",
    r"patience|patiently": "timeout, delay",
    r"testimony|testimonies": "proof",
    r"twins?": "duplicate instance",
    # Idioms
    r"at hand": "available",
    r"left alone|leaves? alone|leaving alone": "not called until …, backed off",
    r"for good": "permanently, final",
    r"stands? still|stood still": "stalled",
    r"stands? (?:in(?! front of)|on|at|there|here|beside)": "is in, is at, is written there",
    r"loudly": "with an error in the log",
    r"no hand": "no manual step",
    r"there (?:is|are) no such": 'unknown … "x"; use …',
    # Archaic
    r"but for": "except for, without",
    r"anew": "again",
    r"shall": "must, should, will",
    r"besides?": "next to, in addition to, together with, apart from",
    r"lest": "so that … not",
    r"whence|whilst|amongst|thereof|therein|hither|albeit": "from where, while, among, of it, in it, here, although",
}
GROUPS = "|".join(f"(?P<w{number}>{words})" for number, words in enumerate(WORDS)).replace(" ", r"\s+")
FOUND = re.compile(rf"(?<![\w./$=-])(?:{GROUPS})(?![\w/-]|\.\w)", re.I)
ADVICE = list(WORDS.values())

HISTORY = ("docs/decisions/", "migrations/")
OWN = ("tests/lint/words.py", "tests/lint/source_text_test.py")  # hold the words as data


def wanted(path):
    return not str(path).startswith(HISTORY) and str(path) not in OWN


def findings_of(path, text):
    for first, piece in prose.of_file(path, text):
        for found in FOUND.finditer(piece):
            words = " ".join(found[0].split())
            yield first + piece.count("\n", 0, found.start()), f'"{words}"; write: {ADVICE[int(found.lastgroup[1:])]}'


if __name__ == "__main__":
    sys.exit(tree.run(__doc__, wanted, findings_of))
