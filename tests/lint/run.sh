#!/bin/bash
# Runs all lints to the end; exit status 1 if one has findings. NO_TIDY=1 skips the slow one.
cd "$(dirname "$0")/../.." || exit 1
status=0
tests/lint/format.sh || status=1
for rule in migrations doc_names file_size function_size sql_place clock_place head_comments words error_codes; do
    python3 "tests/lint/$rule.py" || status=1
done
python3 tests/lint/doc_links.py . || status=1
python3 tests/lint/deployment.py . build/bin || status=1
if [ -f build/layers.txt ] || cmake --preset dev >/dev/null; then
    python3 tests/lint/layers.py || status=1
    [ -n "${NO_TIDY:-}" ] || python3 tests/lint/tidy.py || status=1
else
    status=1
fi
exit $status
