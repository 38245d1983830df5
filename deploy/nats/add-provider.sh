#!/bin/sh
# Creates a provider's account on the bus: appends it to providers.conf, and prints the NATS_URL for the agent's
# settings. The server loads it without a restart, by `nats-server --signal reload` (or systemctl reload),
# twice, a second apart: 2.9 loads a new account first, and its imports at the second reload.
#
# Usage: add-provider.sh ADDRESS HOST[:PORT] [providers.conf]
#
# To remove an account: delete its block, and reload. For a new password: the same, then add it again. A password can
# be replaced by its hash (`nats server passwd`).
set -eu
umask 077
[ $# -ge 2 ] || { sed -n '2,6p' "$0" | cut -c3- >&2; exit 64; }
address=$(printf %s "$1" | tr A-F a-f)
host=$2
file=${3:-$(dirname "$0")/providers.conf}

# Subjects hold addresses in lowercase; another case is another subject without a reader.
if ! printf %s "$address" | grep -Eqx '0x[0-9a-f]{40}'; then
    echo "add-provider.sh: an address is 0x and 40 hex digits" >&2
    exit 64
fi
if grep -q "user: \"$address\"" "$file" 2>/dev/null; then
    echo "add-provider.sh: $address has an account in $file already; nothing was changed" >&2
    exit 1
fi
password=p$(od -An -v -N24 -tx1 /dev/urandom | tr -d ' \n') # a letter first: nats-server reads 123 as a number

info() { echo "\$JS.API.CONSUMER.INFO.$1.$address"; }
next() { echo "\$JS.API.CONSUMER.MSG.NEXT.$1.$address"; }
ack() { echo "\$JS.ACK.$1.$address.>"; }
import() { echo "      { service: { account: $1, subject: \"$2\" }${3:+, to: \"$3\"} }"; }
{
    echo "  \"$address\" {"
    echo "    users: ["
    echo "      {"
    echo "        user: \"$address\", password: \"$password\""
    # The imports below. Without this list the provider could call JetStream's own interface, which exists in every account:
    # server 2.9 lets every account purge another one there.
    echo "        permissions { publish: ["
    echo "          \"jobs.status.$address\", \"jobs.logs.$address.*\", \"nodes.heartbeat.$address\", \"lamda.info.*\""
    for stream in JOBS RETRACT; do
        echo "          \"$(info $stream)\", \"$(next $stream)\", \"$(ack $stream)\""
    done
    echo "        ] }"
    echo "      }"
    echo "    ]"
    echo "    imports: ["
    import LAMDA "jobs.status.$address"
    import LAMDA "jobs.logs.$address.*"
    echo "      { stream: { account: LAMDA, subject: \"jobs.applied.$address\" } }"
    import REGISTRY "nodes.heartbeat.$address"
    for stream in JOBS RETRACT; do
        import LAMDA "$(info $stream)" "lamda.info.$stream"
        import LAMDA "$(next $stream)"
        import LAMDA "$(ack $stream)"
    done
    echo "    ]"
    # A renamed subject: JetStream's own interface would answer first that it is not enabled in this account.
    echo "    mappings: {"
    for stream in JOBS RETRACT; do
        echo "      \"$(info $stream)\": \"lamda.info.$stream\""
    done
    echo "    }"
    echo "  }"
} >> "$file"
echo "NATS_URL=nats://$address:$password@$host"
