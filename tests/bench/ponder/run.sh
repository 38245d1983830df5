#!/usr/bin/env bash
# Runs run.mjs with the Node.js that install.sh installed: Debian's own may be too old.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
for node in "$here"/node_modules/node-linux-*/bin/node; do
    [ -x "$node" ] && exec "$node" "$here/run.mjs"
done
echo "no Node.js in $here/node_modules: run tests/bench/ponder/install.sh" >&2
exit 1
