#!/usr/bin/env python3
"""Fails on SQL text in a C++ file outside of the places for it.

SQL belongs into *_store.cpp, *_store.hpp, *_rows.cpp, the libraries of the database, migrations, and tests with their
tools.
"""

import re
import sys

import cpp_text
import tree

FOLDERS = ("libs/store/", "libs/pgingest/", "libs/pgledger/", "libs/outbox/", "libs/views/", "libs/testkit/", "libs/localnet/",
           "tests/")
NAMES = re.compile(r"_store\.[ch]pp$|_rows\.cpp$|_test\.cpp$|(^|/)test_\w+\.[ch]pp$|/testing/")

NAME = r"(?:[a-z_]\w*|\$\d|\(|\{\}|\s*$)"  # of a table or column, or the end of a part of a statement
SQL = re.compile(
    rf"""(?:^|[\s(;])(?:
        SELECT\s+(?:\S|\Z) | INSERT\s+INTO\b | DELETE\s+FROM\b | UPDATE\s+(?:ONLY\s+)?[a-z_][\w.]*\s+(?:AS\s+\w+\s+|\w+\s+)?SET\b
      | MERGE\s+INTO\b | COPY\s+[a-z_(] | TRUNCATE\s+(?:TABLE\s+)?[a-z_] | LOCK\s+TABLE\b | WITH\s+[a-z_]\w*\s+AS\s*\(
      | (?:UN)?LISTEN\s+["\w] | NOTIFY\s+["\w] | (?:CREATE|ALTER|DROP)\s+(?:OR\s+REPLACE\s+|TEMP\w*\s+|UNIQUE\s+|UNLOGGED\s+)*
        (?:TABLE|INDEX|SCHEMA|VIEW|FUNCTION|ROLE|USER|DATABASE|TYPE|SEQUENCE|TRIGGER|EXTENSION|POLICY|DEFAULT|COLUMN|CONSTRAINT)\b
      | (?:GRANT|REVOKE)\s+[A-Z]+.*\b(?:ON|TO|FROM)\b | SET\s+(?:LOCAL|SESSION)\s | SET\s+[a-z_]+\s*(?:=|TO\b)
      | (?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT)\s*(?:;|TRANSACTION\b|WORK\b) | VACUUM\b | ANALYZE\s+[a-z_]
      | FROM\s+[a-z_]\w*(?:\.\w+)?(?:\s|$) | WHERE\s+{NAME} | ORDER\s+BY\b | GROUP\s+BY\b | ON\s+CONFLICT\b
      | RETURNING\s+{NAME} | FOR\s+(?:NO\s+KEY\s+)?UPDATE\b | pg_\w+\(
    )""", re.X | re.M)


def is_sql(literal):
    return SQL.search(literal) is not None


def wanted(path):
    return path.suffix in (".hpp", ".cpp") and not str(path).startswith(FOLDERS) and not NAMES.search(str(path))


def sql_in(text):
    """(line, beginning) of each literal that is SQL."""
    for part in cpp_text.parts_of(text):
        if part.kind == "string" and is_sql(part.text):
            yield part.line, " ".join(part.text.split())[:40]


def findings_of(path, text):
    for line, beginning in sql_in(text):
        yield line, f'SQL outside of a store ("{beginning}"); move the statement to a *_store.cpp of the same folder'


if __name__ == "__main__":
    sys.exit(tree.run(__doc__, wanted, findings_of))
