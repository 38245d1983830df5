#include "txsender/detail/signing_guard.hpp"

#include <algorithm>

namespace lamda::txsender {

namespace {

/// Length of a logged key: keys may come from outside, and this is enough to find the row.
constexpr std::size_t kShownKey = 100;
/// Limit of violations stored by name; further ones do not change which calls are signed.
constexpr std::size_t kMostViolations = 10'000;

Call call_of(const Intent& intent) {
    return {intent.to, intent.value, intent.data};
}

}  // namespace

SigningGuard::SigningGuard(SigningPolicy& policy, OwnForms& forms, Address wallet, std::uint64_t most_gas,
                           telemetry::Log log, SenderMetrics& shown)
    : policy_(policy),
      forms_(forms),
      wallet_(wallet),
      most_gas_(most_gas),
      log_(std::move(log)),
      shown_(shown) {}

void SigningGuard::begin_pass() {
    forms_.begin_pass();
    seen_.clear();
    highest_signed_.reset();
}

void SigningGuard::keep_own_forms(TxQueueEntry& entry) {
    seen_.insert(entry.intent.key);
    if (forms_.keep_own(entry) > 0) {
        violated(entry.intent.key, "holds bytes that this wallet did not sign for its nonce");
    }
    if (!entry.txs.empty() && !is_fill(entry.intent)) {
        for (auto& form : entry.txs) {
            form.cancels = is_empty_transfer(form);
        }
        highest_signed_ = std::max(highest_signed_.value_or(0), *entry.nonce);
    }
}

Result<Call> SigningGuard::filler(const TxQueueEntry& entry) const {
    if (!entry.nonce || entry.intent.key != fill_key(*entry.nonce)) {
        return Error{"not_a_filler", "a filler's nonce must be the one in its key", ""};
    }
    if (entry.txs.empty() && (!highest_signed_ || *highest_signed_ < *entry.nonce)) {
        return Error{kNotDue, "no sent transaction waits for this nonce", ""};
    }
    return Call{wallet_, 0, {}};
}

std::vector<std::optional<Error>> SigningGuard::authorize(const std::vector<TxQueueEntry*>& entries) {
    std::vector<std::string> keys;
    for (const auto* entry : entries) {
        seen_.insert(entry->intent.key);
        if (!is_fill(entry->intent)) {
            keys.push_back(entry->intent.key);
        }
    }
    const auto answers = keys.empty() ? std::vector<Result<Call>>() : policy_.calls(keys);
    auto answer = answers.begin();
    std::vector<std::optional<Error>> out;
    for (auto* entry : entries) {
        auto& intent = entry->intent;
        const bool fills = is_fill(intent);
        const auto call = fills ? filler(*entry) : *answer++;
        if (!call) {
            out.emplace_back(call.error());
            out.back()->message = "refused to sign: " + call.error().message;
            if (call.error().code != kNotDue) {
                violated(intent.key, call.error().message);
            }
            continue;
        }
        out.emplace_back();
        const auto gas = entry->gas_limit;
        if (entry->nonce) {
            entry->gas_limit = fills ? kTransferGas : std::clamp(gas.value_or(0), kTransferGas, most_gas_);
        }
        if (call_of(intent) != *call) {
            violated(intent.key, "the call in its row is not the call of its key");
        } else if (gas != entry->gas_limit) {
            violated(intent.key, "the gas limit in its row was not estimated");
        } else {
            continue;
        }
        intent.to = call->to;
        intent.value = call->value;
        intent.data = call->data;
    }
    return out;
}

bool SigningGuard::is_effect(const Intent& intent, const StoredTx& form) {
    const auto* tx = forms_.of(form);
    return tx != nullptr && tx->to == intent.to && tx->value == intent.value && tx->data == intent.data &&
           !tx->access_list;
}

bool SigningGuard::is_empty_transfer(const StoredTx& form) {
    return is_effect({"", wallet_, 0, {}, {}}, form);
}

void SigningGuard::violated(const std::string& key, const std::string& what) {
    const auto known = violations_.find(key);
    if ((known != violations_.end() && known->second == what) ||
        (known == violations_.end() && violations_.size() >= kMostViolations)) {
        return;
    }
    violations_[key] = what;
    shown_.violations.set(static_cast<double>(violations_.size()));
    log_.error("signing policy violated; only the policy's call is signed",
               {{"intent", key.substr(0, kShownKey)}, {"reason", what}});
}

void SigningGuard::end_pass(bool complete) {
    if (complete) {
        std::erase_if(violations_, [&](const auto& one) { return !seen_.contains(one.first); });
    }
    shown_.violations.set(static_cast<double>(violations_.size()));
}

}  // namespace lamda::txsender
