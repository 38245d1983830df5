#include "txsender/detail/tx_tracker.hpp"

#include <algorithm>

#include "core/crash_point.hpp"
#include "txsender/detail/revert_reason.hpp"

namespace lamda::txsender {

namespace {

constexpr unsigned kMostReverts = 5;

/// Gas price paid. If the node omits it: the maximum that the mined form allows, so that the daily budget is
/// never undercounted.
U256 price_paid(const TxQueueEntry& entry, const eth::Receipt& receipt) {
    if (receipt.effective_gas_price) {
        return *receipt.effective_gas_price;
    }
    U256 most = 0;
    for (const auto& tx : entry.txs) {
        if (tx.hash == receipt.tx_hash) {
            return tx.fee.max_fee;
        }
        most = std::max(most, tx.fee.max_fee);
    }
    return most;
}

}  // namespace

void TxTracker::follow(std::vector<TxQueueEntry>& entries) {
    for (auto& entry : entries) {
        if (is_unmined(entry)) {
            at_.guard.keep_own_forms(entry);
        } else {
            at_.guard.saw(entry.intent.key);
        }
    }
    const auto seen = at_.watch.observe(entries);
    std::vector<Step> steps;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        steps.push_back({entries[i], seen[i], decide(entries[i], seen[i], at_.config)});
    }
    authorize(steps);
    Plan plan;
    for (const auto& step : steps) {
        if (step.refused) {
            take_refused(step, plan);
        } else {
            take(step, plan);
        }
    }
    carry_out(std::move(plan));
}

void TxTracker::authorize(std::vector<Step>& steps) {
    std::vector<Step*> asking;
    std::vector<TxQueueEntry*> entries;
    for (auto& step : steps) {
        if (step.action == TxAction::kSign || step.action == TxAction::kBroadcast ||
            step.action == TxAction::kBump || step.action == TxAction::kCancel) {
            asking.push_back(&step);
            entries.push_back(&step.entry);
        }
    }
    auto refused = at_.guard.authorize(entries);
    for (std::size_t i = 0; i < asking.size(); ++i) {
        asking[i]->refused = std::move(refused[i]);
    }
}

void TxTracker::take_refused(const Step& step, Plan& plan) {
    const auto& entry = step.entry;
    if (!entry.txs.empty()) {
        // Signed by an earlier release, or while its cause existed: it may be mined at any time.
        if (step.action == TxAction::kBroadcast && at_.guard.is_empty_transfer(entry.txs.back())) {
            plan.again.emplace_back(entry.intent.key, entry.txs.back());
        } else {
            replace(step, Form::kCancel, plan);
        }
        return;
    }
    const auto& reason = step.refused->message;
    at_.log.warn("transaction refused; nonce released",
                 {{"intent", entry.intent.key}, {"nonce", *entry.nonce}, {"reason", reason}});
    if (is_fill(entry.intent) && step.refused->code == kNotDue) {
        at_.tx_queue.mark_failed(entry.intent.key, entry.nonce, reason);  // the filler is no longer needed
    } else {
        at_.tx_queue.release_nonce(entry.intent.key, *entry.nonce, reason, false);
    }
    at_.watch.forget(entry.intent.key);
}

/// Sends the newest bytes again, or replaces them when their effect is not the call of the key.
void TxTracker::send_again(const Step& step, Plan& plan) {
    const auto& entry = step.entry;
    const auto& newest = entry.txs.back();
    if (newest.cancels ? at_.guard.is_empty_transfer(newest) : at_.guard.is_effect(entry.intent, newest)) {
        plan.again.emplace_back(entry.intent.key, newest);
    } else {
        replace(step, Form::kEffect, plan);
    }
}

void TxTracker::carry_out(Plan plan) {
    if (!plan.mined.empty()) {
        crash_point("sender.after_receipt");
        at_.tx_queue.mark_mined(plan.mined);
    }
    if (!plan.unmined.empty()) {
        at_.log.warn(
            "transactions reorganised away; waiting to be mined again",
            {{"sender", at_.config.name}, {"intents", plan.unmined.size()}, {"first", plan.unmined.front()}});
        at_.tx_queue.mark_unmined(plan.unmined);
    }
    if (!plan.done.empty()) {
        crash_point("sender.before_done");
        at_.tx_queue.mark_done(plan.done);
        for (const auto& one : plan.done) {
            at_.log.info("transaction final", {{"intent", one.key}, {"tx", one.tx.hex()}});
            at_.watch.forget(one.key);
        }
        at_.shown.done.add(static_cast<double>(plan.done.size()));
    }
    at_.broadcaster.send(std::move(plan.again));
    at_.broadcaster.store_and_send(std::move(plan.fresh));
}

void TxTracker::take(const Step& step, Plan& plan) {
    const auto& [entry, seen, action, refused] = step;
    const auto mined = [&] {
        return MinedTx{entry.intent.key, *entry.nonce, seen.receipt->tx_hash, seen.receipt->block,
                       price_paid(entry, *seen.receipt) * seen.receipt->gas_used};
    };
    switch (action) {
        case TxAction::kWait:
            return;
        case TxAction::kSign:
            sign(entry, Form::kEffect, first_fee(at_.policy, at_.watch.fees()), plan);
            return;
        case TxAction::kCancel:
            at_.log.warn("cancelling transaction by an empty transfer",
                         {{"intent", entry.intent.key}, {"nonce", *entry.nonce}});
            replace(step, Form::kCancel, plan);
            return;
        case TxAction::kBump:
            replace(step, entry.txs.back().cancels ? Form::kCancel : Form::kEffect, plan);
            return;
        case TxAction::kBroadcast:
            send_again(step, plan);
            return;
        case TxAction::kMined:
            plan.mined.push_back(mined());
            return;
        case TxAction::kUnmined:
            plan.unmined.push_back(entry.intent.key);
            return;
        case TxAction::kDone:
            plan.done.push_back(mined());
            return;
        case TxAction::kCancelled:
            fail(entry, "cancelled by an operator");
            return;
        case TxAction::kFailed:
            reverted(entry, *seen.receipt);
            return;
        case TxAction::kRelease:
            released(entry);
            return;
    }
}

void TxTracker::fail(const TxQueueEntry& entry, const std::string& reason) {
    at_.log.error("transaction failed", {{"intent", entry.intent.key}, {"reason", reason}});
    at_.tx_queue.mark_failed(entry.intent.key, entry.nonce, reason);
    at_.shown.failed.add();
    at_.watch.forget(entry.intent.key);
}

void TxTracker::released(const TxQueueEntry& entry) {
    const auto reason =
        "a finalized block holds a foreign transaction at nonce " + std::to_string(*entry.nonce);
    at_.log.warn("foreign transaction used the nonce; nonce released",
                 {{"intent", entry.intent.key}, {"nonce", *entry.nonce}});
    if (is_fill(entry.intent)) {
        at_.tx_queue.mark_failed(entry.intent.key, entry.nonce,
                                 reason);  // the nonce is used, which is the filler's purpose
    } else {
        at_.tx_queue.release_nonce(entry.intent.key, *entry.nonce, reason, false);
    }
    at_.watch.forget(entry.intent.key);
}

void TxTracker::reverted(const TxQueueEntry& entry, const eth::Receipt& receipt) {
    const auto reason = why_reverted(entry, receipt);
    switch (entry.intent.on_revert) {
        case OnRevert::kGiveUp:
            fail(entry, reason);
            return;
        case OnRevert::kAsk:
            fail(entry, reason + "; waits for `lamda tx retry`");
            at_.shown.asking.add();
            return;
        case OnRevert::kRetry:
            if (entry.reverts + 1 >= kMostReverts) {
                fail(entry, reason + "; reverted " + std::to_string(entry.reverts) + " times before");
                return;
            }
            at_.log.warn("transaction reverted; will retry with a new nonce",
                         {{"intent", entry.intent.key}, {"reason", reason}});
            at_.tx_queue.release_nonce(entry.intent.key, *entry.nonce, reason, true);
            at_.park_backoff.back_off(entry.intent.key);
            at_.watch.forget(entry.intent.key);
            return;
    }
}

std::string TxTracker::why_reverted(const TxQueueEntry& entry, const eth::Receipt& receipt) {
    const auto where = "reverted in block " + std::to_string(receipt.block.number.value);
    try {
        at_.rpc.call(
            {at_.signer.address(), entry.intent.to, entry.intent.data, entry.intent.value, entry.gas_limit},
            eth::BlockSpec(receipt.block.number - 1));
    } catch (const eth::RpcError& error) {
        return where + ": " +
               (error.is_revert() ? revert_reason(error)
                                  : "reason unknown, no node repeats the call: " + std::string(error.what()));
    }
    return where + ", used " + std::to_string(receipt.gas_used) + " of " +
           std::to_string(entry.gas_limit.value_or(0)) + " gas";
}

void TxTracker::replace(const Step& step, Form form, Plan& plan) {
    const auto& [entry, seen, action, refused] = step;
    const auto fee = entry.txs.empty() ? first_fee(at_.policy, at_.watch.fees())
                                       : bumped_fee(at_.policy, entry.txs.back().fee, at_.watch.fees());
    if (fee) {
        sign(entry, form, fee, plan);
        return;
    }
    at_.note("nonce " + std::to_string(*entry.nonce) + " is not mined and its fee is at the cap");
    if (entry.txs.empty()) {
        return;
    }
    const auto& newest = entry.txs.back();
    const bool allowed =
        at_.guard.is_empty_transfer(newest) || (!refused && at_.guard.is_effect(entry.intent, newest));
    if (allowed && seen.since_broadcast >= at_.config.rebroadcast_after && !seen.known_to_node) {
        plan.again.emplace_back(entry.intent.key, newest);
    }
}

void TxTracker::sign(const TxQueueEntry& entry, Form form, const std::optional<eth::Fee>& fee, Plan& plan) {
    if (!fee) {
        at_.note("the base fee is above the cap");
        return;
    }
    auto tx = form == Form::kCancel
                  ? at_.broadcaster.cancellation(entry.intent, *entry.nonce, *fee)
                  : at_.broadcaster.effect(entry.intent, *entry.nonce, entry.gas_limit.value_or(0), *fee);
    if (tx) {
        plan.fresh.push_back(std::move(*tx));
    }
}

void TxTracker::fill_gap(const std::vector<TxQueueEntry>& entries) {
    const auto lowest = std::find_if(entries.begin(), entries.end(), is_unmined);
    const auto missing = at_.watch.latest_count();
    if (lowest == entries.end() || missing >= *lowest->nonce) {
        gap_since_.reset();
        return;
    }
    const auto head = at_.watch.head().number;
    gap_since_ = gap_since_.value_or(head);
    if (head < *gap_since_ + at_.config.bump_after_blocks ||
        at_.rpc.transaction_count(at_.signer.address(), eth::Tag::kPending) > missing) {
        return;
    }
    at_.note("nonce " + std::to_string(missing) + " is missing before ours");
    if (at_.tx_queue.fill(missing, at_.signer.address(), kTransferGas)) {
        at_.log.warn("filling a nonce gap by an empty transfer",
                     {{"sender", at_.config.name}, {"nonce", missing}});
        gap_since_.reset();
    }
}

}  // namespace lamda::txsender
