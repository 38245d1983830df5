// Settings of a chain and of reading it: one reader for every service.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingest/log_stream.hpp"
#include "rpcpool/multi_rpc.hpp"
#include "runtime/settings.hpp"

namespace lamda::streamrunner {

/// One chain and the contract on it that a stream reads.
struct ChainSettings {
    ingest::SettingNames names;  ///< of the settings below, for messages
    std::vector<std::string> urls;
    std::optional<ChainId> chain_id;  ///< absent: the first one seen
    Address contract;
    std::optional<BlockNum> start_block;  ///< absent: found by asking the endpoints
    Millis finality_max_age{0};           ///< an older finalized block is not used
};

/// How each chain of a process is read.
struct ReadSettings {
    Millis rpc_timeout{10'000};
    unsigned rpc_agreement = 1;  ///< endpoints that must name the same finalized block
    bool verify_receipts = false;
    Millis audit_pace{10'000};  ///< between two audited ranges; 0: no audit
};

/// BSC with JobManager: BSC_RPC_URL, BSC_CHAIN_ID, JOB_MANAGER_CONTRACT_ADDRESS, JOB_MANAGER_START_BLOCK,
/// BSC_FINALITY_MAX_AGE. Mistakes are recorded in `settings`.
ChainSettings read_bsc(runtime::Settings& settings);
/// opBNB with NodeReputation: OPBNB_RPC_URL, OPBNB_CHAIN_ID, NODE_REPUTATION_CONTRACT_ADDRESS,
/// NODE_REPUTATION_START_BLOCK, OPBNB_FINALITY_MAX_AGE. Mistakes are recorded in `settings`.
ChainSettings read_opbnb(runtime::Settings& settings);
/// RPC_TIMEOUT, RPC_AGREEMENT, VERIFY_RECEIPTS, SWEEP_PACE.
/// @param chains those that the process reads: RPC_AGREEMENT is at most the endpoints of each
ReadSettings read_reading(runtime::Settings& settings, const std::vector<const ChainSettings*>& chains);

rpcpool::RpcConfig rpc_config(const ChainSettings& chain, const ReadSettings& reading);

}  // namespace lamda::streamrunner
