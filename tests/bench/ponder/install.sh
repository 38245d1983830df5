#!/usr/bin/env bash
# Installs Ponder and a Node.js that is new enough for it, in this folder only. Does nothing if both are
# installed.
set -euo pipefail
cd "$(dirname "$0")"
if ! cmp -s package-lock.json node_modules/.lamda-lock; then
    npm ci --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.lamda-lock
fi
