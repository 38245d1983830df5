#include "services/api-gateway/routes/recorded_deployment.hpp"

#include <algorithm>

#include "http/message.hpp"

namespace lamda::gateway {

namespace {

constexpr auto kDispatcherStream = "dispatcher:bsc";

}  // namespace

runtime::IdentityClaim identity_of(const Config& config) {
    return {kDispatcherStream,
            config.chain_id,
            config.job_manager,
            std::nullopt,
            {"BSC_CHAIN_ID", "JOB_MANAGER_CONTRACT_ADDRESS", ""},
            {},
            config.chain_id.has_value()};
}

ChainId recorded_chain(store::Txn& txn, const Config& config) {
    const auto records = runtime::read_stream_records(txn, kDispatcherStream);
    if (const auto wrong = runtime::contradiction(identity_of(config), records); !wrong.empty()) {
        throw problem::Problem{503, "wrong_market", "", wrong, {}};
    }
    const auto own = std::find_if(records.begin(), records.end(),
                                  [](const auto& record) { return record.stream == kDispatcherStream; });
    if (own != records.end()) {
        return own->chain_id;
    }
    if (!config.chain_id) {
        throw problem::Problem{
            503,
            "chain_unknown",
            "",
            "the job dispatcher has not recorded its chain in this database yet; try again",
            {}};
    }
    return *config.chain_id;
}

}  // namespace lamda::gateway
