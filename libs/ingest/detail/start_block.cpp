#include "ingest/detail/start_block.hpp"
#include "rpcpool/errors.hpp"

#include <algorithm>

namespace lamda::ingest {

namespace {

/// The first block at which the contract has code. Requires code at `head`.
BlockNum creation_block(eth::Rpc& rpc, const Address& contract, BlockNum head) {
    // Invariant: no code at `without`, code at `with`. A predeployed contract has code at block 0.
    if (!rpc.code(contract, eth::BlockSpec(BlockNum{0})).empty()) {
        return BlockNum{0};
    }
    BlockNum without{0};
    BlockNum with = head;
    while (with.value - without.value > 1) {
        const BlockNum middle{without.value + (with.value - without.value) / 2};
        (rpc.code(contract, eth::BlockSpec(middle)).empty() ? without : with) = middle;
    }
    return with;
}

}  // namespace

BlockNum find_start_block(const StreamConfig& config, eth::Rpc& rpc, const eth::Header& head) {
    if (config.start_block) {
        if (*config.start_block > head.number) {
            throw rpcpool::ConfigContradiction(
                config.settings.start_block + ": block " + std::to_string(config.start_block->value) +
                ", the start of stream " + config.name + ", is above the chain's head, block " +
                std::to_string(head.number.value));
        }
        return *config.start_block;
    }
    BlockNum start = head.number;
    for (const auto& contract : config.contracts) {
        try {
            start = std::min(start, creation_block(rpc, contract, head.number));
        } catch (const eth::RpcError& error) {
            // An error of the endpoints, perhaps temporary: it does not contradict the configuration.
            throw eth::RpcError(error.code(),
                                config.settings.start_block +
                                    " is not set, and no endpoint has the old state needed to find "
                                    "the creation block of contract " +
                                    contract.hex() + " (" + error.what() + "): set " +
                                    config.settings.start_block +
                                    ", or add an endpoint with old state (stream " + config.name + ")",
                                {});
        }
    }
    return start;
}

}  // namespace lamda::ingest
