#!/bin/bash
# Fails when a C++ file is not formatted by .clang-format. FIX=1 formats instead.
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"
if git rev-parse --git-dir >/dev/null 2>&1; then
    list() { git ls-files -z -- '*.hpp' '*.cpp'; }
else  # a source archive
    list() { find libs services tools tests -name '*.[ch]pp' -print0; }
fi
mode=(--dry-run -Werror)
[ -z "${FIX:-}" ] || mode=(-i)
list | xargs -0 -r -P "$(nproc)" -n 25 clang-format-19 --style=file "${mode[@]}"
echo "format: $(list | tr -cd '\0' | wc -c) files"
