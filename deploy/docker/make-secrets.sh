#!/bin/sh
# Creates the secrets of docker-compose.yml, once, as root: deploy/docker/.env (a random password for the
# owner of the database, each login of deploy/postgres/roles.sql and each user of deploy/nats/nats.conf) and deploy/docker/secrets (the operator's token, and the admin
# wallet's key, which is read from standard input: 0x and 64 hex digits), and deploy/nats/providers.conf, empty (see
# deploy/nats/add-provider.sh). Existing files and passwords are kept.
set -eu
umask 077
folder=$(cd "$(dirname "$0")" && pwd)
user=990 # of the image's user lamda (Dockerfile)

random() { od -An -v -N24 -tx1 /dev/urandom | tr -d ' \n'; }

if [ "$(id -u)" != 0 ]; then
    echo "make-secrets.sh: run it as root: the files belong to the user of the containers" >&2
    exit 1
fi
# Adds missing passwords: an upgrade may need more.
if [ -e "$folder/.env" ]; then
    cp "$folder/.env" "$folder/.env.new"
else
    echo "COMPOSE_PROJECT_NAME=lamda" > "$folder/.env.new"
fi
# Letters and digits, a letter first: passwords are part of URLs, and nats.conf reads 123 as a number.
for name in POSTGRES POSTGRES_REGISTRY POSTGRES_DISPATCHER POSTGRES_REPUTATION POSTGRES_GATEWAY POSTGRES_OPERATOR NATS_REGISTRY NATS_DISPATCHER NATS_GATEWAY NATS_FEED; do
    grep -q "^${name}_PASSWORD=" "$folder/.env.new" || echo "${name}_PASSWORD=p$(random)" >> "$folder/.env.new"
done
# Read by `docker compose`, which need not run as root.
chown "${SUDO_UID:-0}:${SUDO_GID:-0}" "$folder/.env.new"
mv "$folder/.env.new" "$folder/.env"
[ -e "$folder/../nats/providers.conf" ] || : > "$folder/../nats/providers.conf"
install -d -m 0700 -o "$user" -g "$user" "$folder/secrets"
if [ ! -e "$folder/secrets/operator.token" ]; then
    random | install -m 0400 -o "$user" -g "$user" /dev/stdin "$folder/secrets/operator.token"
fi
if [ ! -e "$folder/secrets/admin-wallet.key" ]; then
    [ ! -t 0 ] || echo "paste the admin wallet's private key, end with Ctrl-D:" >&2
    install -m 0400 -o "$user" -g "$user" /dev/stdin "$folder/secrets/admin-wallet.key.new"
    if ! grep -Eqx '0x[0-9a-fA-F]{64}' "$folder/secrets/admin-wallet.key.new"; then
        rm "$folder/secrets/admin-wallet.key.new"
        echo "make-secrets.sh: a private key is 0x and 64 hex digits; nothing was kept" >&2
        exit 1
    fi
    mv "$folder/secrets/admin-wallet.key.new" "$folder/secrets/admin-wallet.key"
fi
