#!/usr/bin/env bash
# Installs missing packages on Debian 12: Debian packages, then the locked npm packages. Idempotent, and fast
# if nothing is missing. Starts no system service: tests run private servers.
set -euo pipefail
cd "$(dirname "$0")/../.."

sudo=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "deps: run as root, or install sudo" >&2; exit 1; }
    sudo="sudo"
fi

wanted=$(grep -v '^#' deploy/deps/packages.txt)
# Node.js from another source than Debian is accepted if it is 18 or newer and has npm.
node_major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/' || true)
if [ "${node_major:-0}" -lt 18 ] || ! command -v npm >/dev/null; then
    wanted="$wanted nodejs npm"
fi
missing=""
for package in $wanted; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
if [ -n "$missing" ]; then
    echo "deps: installing$missing"
    $sudo apt-get update -qq
    # RUNLEVEL=1 keeps invoke-rc.d from starting a system-wide PostgreSQL, NATS or Docker.
    # shellcheck disable=SC2086
    $sudo env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

# node_modules holds a copy of the lock that it was installed from.
if ! cmp -s package-lock.json node_modules/.lamda-lock; then
    echo "deps: npm ci"
    npm ci --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.lamda-lock
fi
