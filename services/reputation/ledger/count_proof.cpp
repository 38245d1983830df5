#include "services/reputation/ledger/count_proof.hpp"

#include "contracts/node_reputation.hpp"
#include "services/reputation/ledger/count_store.hpp"
#include "services/reputation/ledger/ledger_store.hpp"

namespace lamda::reputation {

namespace {

constexpr Millis kPause{1'000};
constexpr std::size_t kAtOnce = 500;  // calls in one request

using contracts::node_reputation::SuccessfulJobsCount;

Result<U256> count_of(const Result<Bytes>& answer) {
    if (!answer) {
        return Error{answer.error().code, "successfulJobsCount: " + answer.error().message, ""};
    }
    const auto count = SuccessfulJobsCount::decode_result(*answer);
    if (!count) {
        return Error{"unreadable", "successfulJobsCount: " + count.error().message, ""};
    }
    return count->arg0;
}

}  // namespace

CountProof::CountProof(CountProofConfig config, store::Database& database, rpcpool::MultiRpc& opbnb,
                       const Clock& clock)
    : config_(std::move(config)),
      database_(database),
      clock_(clock),
      chain_(opbnb, {{config_.contract}, {}, {}}, clock, 1) {}

std::string CountProof::missing() {
    if (!polled_at_ || clock_.steady() - *polled_at_ >= kPause) {
        reason_ = poll_once();
        polled_at_ = clock_.steady();
    }
    return reason_;
}

CountAccount CountProof::read(store::Txn& txn, BlockNum upto) {
    auto out = increments_read(txn, upto);
    for (const auto& provider : read_unsettled_providers(txn)) {
        out.providers.try_emplace(provider, CountAccount::kNoIncrement);
    }
    return out;
}

std::vector<Result<U256>> CountProof::counts(const std::vector<Address>& providers,
                                             std::optional<BlockNum> at) {
    std::vector<Result<U256>> out;
    for (std::size_t begin = 0; begin < providers.size(); begin += kAtOnce) {
        std::vector<eth::CallRequest> requests;
        for (auto i = begin; i < std::min(begin + kAtOnce, providers.size()); ++i) {
            requests.emplace_back();
            requests.back().to = config_.contract;
            requests.back().data = SuccessfulJobsCount{providers[i]}.encode();
        }
        for (const auto& answer : at ? chain_.calls(requests, *at) : chain_.calls(requests)) {
            out.push_back(count_of(answer));
        }
    }
    return out;
}

/// Checks counts from before the stream's first block, which has no increments for them.
std::string CountProof::earlier_counts(const CountAccount& account) {
    std::vector<Address> providers;
    for (const auto& [provider, counts] : account.providers) {
        if (counts.first > 1) {
            providers.push_back(provider);
        }
    }
    if (providers.empty()) {
        return "";
    }
    const auto remedy =
        "; set NODE_REPUTATION_START_BLOCK to the block of the contract's deployment, and run lamda "
        "reputation rebuild";
    if (!config_.start_block || config_.start_block->value == 0) {
        return "the first increment of provider " + providers.front().hex() + " that was read has count " +
               to_decimal(account.providers.at(providers.front()).first);
    }
    const auto earlier = counts(providers, BlockNum{config_.start_block->value - 1});
    for (std::size_t i = 0; i < providers.size(); ++i) {
        const auto& first = account.providers.at(providers[i]).first;
        if (!earlier[i]) {
            return "the count of provider " + providers[i].hex() + " before block " +
                   std::to_string(config_.start_block->value) +
                   " is not known: " + earlier[i].error().message + remedy;
        }
        if (*earlier[i] + 1 != first) {
            return "provider " + providers[i].hex() + " had " + to_decimal(*earlier[i]) + " before block " +
                   std::to_string(config_.start_block->value) +
                   ", but the first increment that was read has count " + to_decimal(first);
        }
    }
    return "";
}

std::string CountProof::poll_once() {
    chain_.begin();
    const auto final = chain_.final();
    if (!final) {
        return "too few endpoints of opBNB report a finalized block";
    }
    auto account = database_.transact([&](store::Txn& txn) -> std::optional<CountAccount> {
        const auto cursor = read_cursor(txn, config_.increments_stream);
        return cursor && *cursor >= *final ? std::optional(read(txn, *final)) : std::nullopt;
    });
    if (!account) {
        return "NodeReputation is not read up to block " + std::to_string(final->value) + " yet";
    }
    std::vector<Address> providers;
    for (const auto& [provider, counts] : account->providers) {
        providers.push_back(provider);
    }
    const auto now = counts(providers, std::nullopt);
    for (std::size_t i = 0; i < providers.size(); ++i) {
        if (!now[i]) {
            return now[i].error().message;
        }
        account->providers.at(providers[i]).counter = *now[i];
    }
    const auto found = differences(*account);
    return found.empty() ? earlier_counts(*account)
                         : found.front() +
                               ": an endpoint of OPBNB_RPC_URL has hidden increments, or invented "
                               "some";
}

}  // namespace lamda::reputation
