#include "services/node-agent/onchain/chain_learner.hpp"

#include "runtime/app.hpp"

namespace lamda::agent {

namespace {
constexpr auto kCheck = "chain_id";
constexpr Millis kSoon{2'000};
constexpr Millis kLater{30'000};
}  // namespace

Result<std::optional<ChainId>> common_chain(const std::vector<ChainAnswer>& answers) {
    std::optional<ChainId> common;
    bool differ = false;
    std::string list;
    for (const auto& [endpoint, chain] : answers) {
        if (chain) {
            differ = differ || (common && *common != *chain);
            common = chain;
            list += (list.empty() ? "" : ", ") + endpoint + ": " + std::to_string(chain->value);
        }
    }
    if (differ) {
        return Error{"chains_differ",
                     "the endpoints are on different chains (" + list +
                         "): set BSC_CHAIN_ID, or remove the wrong endpoint from BSC_RPC_URL",
                     "BSC_RPC_URL"};
    }
    return common;
}

ChainLearner::ChainLearner(BscIdentity& identity, std::vector<std::unique_ptr<eth::Rpc>> endpoints,
                           telemetry::Log log, telemetry::Health& health)
    : identity_(identity), endpoints_(std::move(endpoints)), log_(std::move(log)), health_(health) {}

void ChainLearner::run(const std::stop_token& stop) {
    if (identity_.configured()) {
        return;
    }
    while (runtime::pause(stop, step())) {
    }
}

Millis ChainLearner::step() {
    std::vector<ChainAnswer> answers;
    for (const auto& endpoint : endpoints_) {
        answers.push_back({endpoint->name(), std::nullopt});
        try {
            answers.back().chain = endpoint->chain_id();
        } catch (const std::exception& error) {
            log_.debug("endpoint did not report its chain id",
                       {{"endpoint", endpoint->name()}, {"reason", error.what()}});
        }
    }
    const auto before = identity_.known();
    const auto common = common_chain(answers);
    if (!common) {
        // With an earlier id the agent continues; without one it accepts no assignment.
        if (health_.set(kCheck, before.has_value(), common.error().message)) {
            log_.error("BSC chain id not learned", {{"reason", common.error().message}});
        }
        return kSoon;
    }
    if (!*common) {
        return before ? kLater : kSoon;
    }
    const auto seen = **common;
    switch (identity_.learn(seen)) {
        case BscIdentity::Learned::kNothing:
            break;
        case BscIdentity::Learned::kFirst:
            log_.info("BSC chain id learned from the endpoints", {{"chain_id", seen.value}});
            break;
        case BscIdentity::Learned::kUnconfirmed: {
            const auto detail = "the endpoints of BSC_RPC_URL are on chain " + std::to_string(seen.value) +
                                ", the chain learned before is " + std::to_string(before->value) +
                                ": set BSC_CHAIN_ID to the right one";
            if (health_.set(kCheck, false, detail)) {
                log_.warn("BSC chain id differs from the one learned before", {{"reason", detail}});
            }
            return kSoon;
        }
        case BscIdentity::Learned::kCorrected:
            log_.error("BSC chain id learned before was wrong, replaced; set BSC_CHAIN_ID",
                       {{"before", before->value}, {"chain_id", seen.value}});
            break;
    }
    health_.set(kCheck, true);
    return kLater;
}

}  // namespace lamda::agent
