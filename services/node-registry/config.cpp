#include "services/node-registry/config.hpp"

#include <algorithm>

#include "runtime/server_settings.hpp"

namespace lamda::registry {

Config read_config(runtime::Settings& settings) {
    Config out;
    out.database_url = runtime::read_database_url(settings);
    out.nats_url = runtime::read_nats_url(settings);
    out.opbnb_rpc_urls = settings.urls("OPBNB_RPC_URL", "JSON-RPC endpoints of opBNB, comma-separated");
    out.node_reputation = settings.address("NODE_REPUTATION_CONTRACT_ADDRESS", "NodeReputation on opBNB");
    if (const auto id = settings.maybe_number("OPBNB_CHAIN_ID",
                                              "5611 testnet, 204 mainnet; unset: the first chain seen")) {
        out.chain_id = ChainId{*id};
    }
    if (const auto block =
            settings.maybe_number("NODE_REPUTATION_START_BLOCK",
                                  "block of NodeReputation's deployment; unset: searched by eth_getCode")) {
        out.start_block = BlockNum{*block};
    }
    out.finality_max_age = settings.duration(
        "OPBNB_FINALITY_MAX_AGE", "maximum age of a finalized block; an older one is not used", "5m");
    out.rpc_timeout = settings.positive_duration("RPC_TIMEOUT", "timeout of one JSON-RPC call", "10s");
    out.rpc_agreement = static_cast<unsigned>(
        settings.number("RPC_AGREEMENT", "endpoints that must name the same finalized block", 1, 1, 16));
    if (out.rpc_agreement > std::max<std::size_t>(1, out.opbnb_rpc_urls.size())) {
        settings.mistake("RPC_AGREEMENT", "is greater than the number of endpoints");
    }
    out.verify_receipts = settings.boolean(
        "VERIFY_RECEIPTS", "read logs from the blocks' receipts, verified by the header's receipts root",
        false);
    out.audit_pace = settings.duration(
        "SWEEP_PACE", "audit: pause between two ranges of final blocks that are read again; 0s: no audit",
        "10s");
    out.offline_after = settings.duration(
        "NODE_OFFLINE_AFTER", "a node is offline this long after its last heartbeat on the bus", "90s");
    return out;
}

}  // namespace lamda::registry
