#include "services/reputation/ledger/count_check.hpp"

#include <algorithm>

#include "contracts/node_reputation.hpp"
#include "services/reputation/ledger/count_store.hpp"
#include "services/reputation/ledger/ledger_store.hpp"

namespace lamda::reputation {

std::vector<std::string> differences(const CountAccount& account) {
    std::vector<std::string> out;
    for (const auto& [provider, counts] : account.providers) {
        const auto prefix = "provider " + provider.hex() + ": ";
        if (counts.last + 1 != counts.first + counts.increments) {
            out.push_back(prefix + to_decimal(counts.increments) + " increments were read, from count " +
                          to_decimal(counts.first) + " to " + to_decimal(counts.last));
        }
        if (counts.counter && *counts.counter != counts.last) {
            out.push_back(prefix + "the contract counts " + to_decimal(*counts.counter) +
                          ", but the last increment that was read has count " + to_decimal(counts.last));
        }
    }
    for (const auto& job : account.counted_twice) {
        out.push_back("job " + job.hex() + " was counted more than once");
    }
    for (const auto& key : account.unseen) {
        out.push_back(key + " is done, but its increment was not read");
    }
    return out;
}

CountCheck::CountCheck(Address contract, std::string increments_stream, store::Database& database,
                       eth::Rpc& opbnb, telemetry::Log log, telemetry::Metrics& metrics)
    : contract_(contract),
      stream_(std::move(increments_stream)),
      database_(database),
      opbnb_(opbnb),
      log_(std::move(log)),
      gauge_(
          metrics.gauge("lamda_reputation_differences",
                        "Contradictions between the contract's counts, its events and our transactions.")) {}

CountAccount increments_read(store::Txn& txn, BlockNum upto) {
    CountAccount out;
    for (const auto& row : read_provider_increments(txn, upto)) {
        out.providers[row.provider] = {row.number, row.first, row.last, {}};
    }
    return out;
}

CountAccount CountCheck::read(BlockNum upto) {
    return database_.transact([&](store::Txn& txn) {
        auto out = increments_read(txn, upto);
        out.counted_twice = read_counted_twice(txn);
        out.unseen = read_unseen_intents(txn, upto);
        return out;
    });
}

void CountCheck::ask_counters(CountAccount& account, BlockNum upto) {
    using contracts::node_reputation::SuccessfulJobsCount;
    std::vector<eth::CallRequest> requests;
    for (const auto& [provider, counts] : account.providers) {
        auto& request = requests.emplace_back();
        request.to = contract_;
        request.data = SuccessfulJobsCount{provider}.encode();
    }
    const auto outcomes = opbnb_.calls(requests, eth::BlockSpec(upto));
    auto outcome = outcomes.begin();
    for (auto& [provider, counts] : account.providers) {
        const auto count = SuccessfulJobsCount::decode_result(outcome->result);
        if (!outcome->error && count) {
            counts.counter = count->arg0;
        }
        ++outcome;
    }
}

void CountCheck::poll_once() {
    const auto cursor = database_.transact([&](store::Txn& txn) { return read_cursor(txn, stream_); });
    if (!cursor) {
        return;
    }
    auto account = read(*cursor);
    ask_counters(account, *cursor);
    const auto found = differences(account);
    gauge_.set(static_cast<double>(found.size()));
    for (const auto& text : found) {
        if (reported_.insert(text).second) {
            log_.error("count audit: difference found", {{"difference", text}});
        }
    }
    std::erase_if(reported_, [&](const auto& text) {
        return std::find(found.begin(), found.end(), text) == found.end();
    });
}

}  // namespace lamda::reputation
