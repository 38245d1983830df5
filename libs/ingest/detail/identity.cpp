#include "ingest/detail/identity.hpp"
#include "rpcpool/errors.hpp"

#include <algorithm>

namespace lamda::ingest {

namespace {

std::string list(const std::vector<Address>& contracts) {
    std::string out;
    for (const auto& contract : contracts) {
        out += (out.empty() ? "" : ", ") + contract.hex();
    }
    return out;
}

}  // namespace

ChainId check_chain(const StreamConfig& config, eth::Rpc& rpc) {
    std::optional<ChainId> chain;
    try {
        chain = rpc.chain_id();
    } catch (const rpcpool::ConfigContradiction& error) {
        throw rpcpool::ConfigContradiction(config.settings.endpoints + ": " + error.what());
    }
    if (config.chain_id && *config.chain_id != *chain) {
        throw rpcpool::ConfigContradiction(
            config.settings.chain_id + ": " + rpc.name() + " is on chain " + std::to_string(chain->value) +
            ", stream " + config.name + " is configured for chain " + std::to_string(config.chain_id->value));
    }
    return *chain;
}

void check_contracts(const StreamConfig& config, eth::Rpc& rpc, ChainId chain, const eth::Header& head) {
    for (const auto& contract : config.contracts) {
        // The code at exactly this block: a node that lacks it answers with an error, not with older state.
        if (rpc.code(contract, eth::BlockSpec(head.number)).empty()) {
            throw rpcpool::ConfigContradiction(config.settings.contracts + ": there is no contract at " +
                                               contract.hex() + " on chain " + std::to_string(chain.value) +
                                               " (stream " + config.name + ")");
        }
    }
}

void check_binding(const StreamConfig& config, eth::Rpc& rpc, StreamSink& sink, ChainId chain) {
    Watched wanted{chain, config.contracts};
    std::sort(wanted.contracts.begin(), wanted.contracts.end());
    const auto bound = sink.bind(wanted);
    if (bound.chain != chain) {
        throw rpcpool::ConfigContradiction(
            config.settings.endpoints + ": " + rpc.name() + " is on chain " + std::to_string(chain.value) +
            ", but the database holds what stream " + config.name + " has read from chain " +
            std::to_string(bound.chain.value) + ": set endpoints of that chain, or use another database");
    }
    if (bound.contracts != wanted.contracts) {
        throw rpcpool::ConfigContradiction(config.settings.contracts + ": the database holds what stream " +
                                           config.name + " has read from " + list(bound.contracts) +
                                           ", not from " + list(wanted.contracts) +
                                           ": set that address, or use another database");
    }
}

}  // namespace lamda::ingest
