#include "services/node-agent/onchain/settlement.hpp"

#include "contracts/job_manager.hpp"
#include "core/crash_point.hpp"
#include "runtime/app.hpp"
#include "services/node-agent/onchain/agent_sender_config.hpp"

namespace lamda::agent {

namespace jm = contracts::job_manager;

namespace {

constexpr std::string_view kConfirm = "confirm:";
constexpr std::string_view kClaim = "claim:";
constexpr auto kRetention = std::chrono::hours(24 * 60);  // longer than the journal's

/// Job id in an intent key.
Result<JobId> job_of(std::string_view key) {
    return JobId::parse(key.substr(key.starts_with(kConfirm) ? kConfirm.size() : kClaim.size()));
}

}  // namespace

std::string confirm_key(const JobId& job) {
    return std::string(kConfirm) + job.hex();
}
std::string claim_key(const JobId& job) {
    return std::string(kClaim) + job.hex();
}

Result<txsender::Call> settlement_call(const Address& job_manager, std::string_view key) {
    const auto call_of = [&](std::string_view prefix, auto call) -> std::optional<txsender::Call> {
        const auto job =
            key.starts_with(prefix) ? JobId::parse(key.substr(prefix.size())) : Result<JobId>(Error{});
        if (!job || key.substr(prefix.size()) != job->hex()) {
            return std::nullopt;
        }
        call.job_id = job->template as<Bytes32>();
        return txsender::Call{job_manager, 0, call.encode()};
    };
    if (auto call = call_of(kConfirm, jm::ConfirmResult{})) {
        return *call;
    }
    if (auto call = call_of(kClaim, jm::ClaimReward{})) {
        return *call;
    }
    return Error{"unknown_key", "unknown key; use confirm:0x<jobId> or claim:0x<jobId>", ""};
}

Settlement::Settlement(SettlementConfig config, Journal& journal, FileTxQueue& tx_queue, Open open,
                       const BscIdentity& identity, const crypto::Signer& signer,
                       const telemetry::Context& context)
    : config_(config),
      journal_(journal),
      tx_queue_(tx_queue),
      open_(std::move(open)),
      identity_(identity),
      signer_(signer),
      clock_(context.clock),
      log_(context.log),
      metrics_(context.metrics),
      health_(context.health) {}

void Settlement::run(const std::stop_token& stop) {
    while (const auto chain = identity_.wait(stop)) {
        const auto bsc = open_(*chain);
        if (identity_.configured()) {
            chain_id_of(*bsc, "BSC_RPC_URL");  // a contradiction to the setting ends the process
        }
        if (config_.confirm || config_.claim || tx_queue_.open_count() > 0) {
            settle(*chain, *bsc, stop);
        } else if (identity_.configured() || !identity_.wait_other(*chain, stop)) {
            return;
        }
    }
}

void Settlement::show_trust(rpcpool::MultiRpc& bsc) {
    health_.set("agent:proof", true,
                bsc.endpoints().size() == 1
                    ? "BSC_RPC_URL names one endpoint, which is trusted: no other can contradict it"
                    : "");
}

void Settlement::settle(ChainId chain, rpcpool::MultiRpc& bsc, const std::stop_token& stop) {
    show_trust(bsc);
    OnchainJobs onchain(config_.job_manager, bsc, clock_);
    txsender::PolicyByKey policy(
        [this](std::string_view key) { return settlement_call(config_.job_manager, key); });
    txsender::Sender sender(
        sender_config("agent:bsc", chain, kBscLeastTip), bsc, signer_, tx_queue_, policy,
        {clock_, log_, metrics_, health_},
        [&](const std::vector<txsender::Intent>& intents) { return precheck(onchain, intents); });
    std::uint64_t seen = 0;
    while (!stop.stop_requested() && identity_.known() == chain) {
        seen = journal_.wait_change(seen, Millis(0));
        note_intents();
        sender.step();
        journal_.wait_change(seen, config_.pace);
        runtime::pause(stop, Millis(50));  // limits the calls while the journal changes often
    }
}

txsender::Intent Settlement::intent_of(std::string key) const {
    const auto call = settlement_call(config_.job_manager, key).value();
    return {std::move(key), call.to, call.value, call.data, txsender::OnRevert::kGiveUp};
}

void Settlement::note_intents() {
    const auto note = [&](bool wanted, bool Attempt::* noted, std::string (*key_of)(const JobId&)) {
        if (!wanted) {
            return;
        }
        const auto due = journal_.select([&](const Attempt& attempt) {
            return attempt.phase == Phase::kFinished && attempt.completed && attempt.outbox.empty() &&
                   !(attempt.*noted);
        });
        for (const auto& key : due) {
            tx_queue_.put_intent(intent_of(key_of(key.job)));
            crash_point("agent.intent.put");
            journal_.update(key, [&](Attempt& attempt) { attempt.*noted = true; });
        }
    };
    note(config_.confirm, &Attempt::confirm_noted, confirm_key);
    note(config_.claim, &Attempt::claim_noted, claim_key);
    tx_queue_.forget_done(clock_.now() - kRetention);
}

std::vector<std::optional<txsender::Objection>> Settlement::precheck(
    OnchainJobs& onchain, const std::vector<txsender::Intent>& intents) {
    std::vector<std::optional<txsender::Objection>> out(intents.size());
    std::vector<std::size_t> places;
    std::vector<JobId> jobs;
    for (std::size_t i = 0; i < intents.size(); ++i) {
        if (const auto job = job_of(intents[i].key)) {
            places.push_back(i);
            jobs.push_back(*job);
        } else if (!txsender::is_fill(intents[i])) {
            out[i] = txsender::Objection{"the key names no job"};
        }
    }
    const auto found = onchain.final(jobs);
    for (std::size_t i = 0; i < places.size(); ++i) {
        out[places[i]] = intents[places[i]].key.starts_with(kConfirm)
                             ? may_confirm(onchain, jobs[i], found[i])
                             : objection_to_claim(found[i], signer_.address());
    }
    return out;
}

std::optional<txsender::Objection> Settlement::may_confirm(OnchainJobs& onchain, const JobId& job,
                                                           const Result<OnchainJob>& final) {
    using Kind = txsender::Objection::Kind;
    if (auto objection = objection_to_confirm(final, signer_.address())) {
        return objection;
    }
    constexpr auto kByAnother = "confirmed by another account, not final yet";
    if (final->confirmed) {
        tx_queue_.finish_without_tx(confirm_key(job), "confirmed by another account");
        log_.info("job already confirmed by another account", {{"job", job.hex()}});
        return txsender::Objection{kByAnother, Kind::kPark};
    }
    try {
        // A reorg may revert a confirmation, so only a final one ends the intent.
        const auto latest = onchain.latest(job);
        if (!latest) {
            return txsender::Objection{"getJobInfo: " + latest.error().message, Kind::kUnanswered};
        }
        return latest->confirmed ? std::optional(txsender::Objection{kByAnother, Kind::kPark}) : std::nullopt;
    } catch (const std::exception& error) {
        if (!eth::is_useless_answer(error)) {
            throw;
        }
        return txsender::Objection{std::string("getJobInfo: ") + error.what(), Kind::kUnanswered};
    }
}

}  // namespace lamda::agent
