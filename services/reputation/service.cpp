#include "services/reputation/service.hpp"

#include <algorithm>

#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"
#include "rpcpool/errors.hpp"
#include "rpcpool/pacing.hpp"
#include "runtime/readiness.hpp"
#include "services/reputation/ingest/confirmation_proofs.hpp"
#include "services/reputation/ledger/count_check.hpp"
#include "store/role_privileges.hpp"

namespace lamda::reputation {

namespace {

constexpr auto kOwner = "reputation";
constexpr auto kJobsStream = "reputation:bsc";
constexpr auto kIncrementsStream = "reputation:opbnb";
constexpr auto kLedgerCheck = "reputation:ledger";
constexpr auto kSenderCheck = "sender:reputation:opbnb";
constexpr Millis kPace{250};
constexpr Millis kFirstPause{20};
constexpr Millis kCheckCounts{30'000};

using streamrunner::or_config_error;

streamrunner::StreamPlan jobs_plan() {
    using namespace contracts::job_manager;
    streamrunner::StreamPlan plan;
    plan.name = kJobsStream;
    plan.topics = {JobCreated::topic(), JobConfirmed::topic()};
    plan.only_final = true;  // without a fallback: reputation waits for finality
    plan.releases_lease = false;
    plan.stream_loop = kJobsStream;
    plan.audit_loop = "sweep:bsc";
    return plan;
}

streamrunner::StreamPlan increments_plan() {
    using namespace contracts::node_reputation;
    streamrunner::StreamPlan plan;
    plan.name = kIncrementsStream;
    plan.topics = {JobCountIncremented::topic()};
    plan.only_final = true;
    plan.releases_lease = false;
    plan.stream_loop = kIncrementsStream;
    plan.audit_loop = "sweep:opbnb";
    return plan;
}

}  // namespace

Service::Service(runtime::App& app, const Config& config)
    : app_(app),
      config_(config),
      database_(config.database_url.reveal(), "lamda-reputation"),
      clock_(database_),
      signer_(*config.wallet.signer),
      lease_(database_, kOwner, {clock_, app.log(), app.metrics(), app.health()}),
      bsc_(app, database_, clock_, lease_, jobs_plan(), config.bsc, config.reading),
      opbnb_(app, database_, clock_, lease_, increments_plan(), config.opbnb, config.reading),
      jobs_(config.from_block, ledger_wakeup_),
      increments_(ledger_wakeup_),
      jobs_repair_(config.from_block),
      policy_(database_, config.opbnb.contract) {
    app.health().expect(kLedgerCheck);
    runtime::prepare_database(app, database_, app.config().migrate_on_start, store::kReputationRole);
    runtime::keep_time(app, clock_);
    identity_ = std::make_unique<runtime::Identity>(
        app, database_, std::vector{bsc_.identity_claim(), opbnb_.identity_claim()});
    app.first("opbnb", [this](const std::stop_token&) { connect(); });
    bsc_.start(jobs_, jobs_repair_);
    opbnb_.start(increments_, increments_repair_);
    app.loop("ledger", identity_->after_proof([this](const std::stop_token& stop) { run_ledger(stop); }));
    app.loop("proofs", identity_->after_proof([this](const std::stop_token& stop) { run_proofs(stop); }));
    app.loop("sender", identity_->after_proof([this](const std::stop_token& stop) { run_sender(stop); }));
    app.at_stop([this] { lease_.release(); });  // both streams have stopped
    app.loop("counts",
             identity_->after_proof([this](const std::stop_token& stop) { run_count_check(stop); }));
}

void Service::connect() {
    const auto chain = chain_of_opbnb();
    require_owner();
    require_signer();
    planner_ =
        std::make_unique<IncrementPlanner>(PlannerConfig{signer_.address(), chain, config_.opbnb.contract,
                                                         kIncrementsStream, config_.from_block.has_value()},
                                           database_, opbnb_.rpc());
    count_proof_ = std::make_unique<CountProof>(
        CountProofConfig{config_.opbnb.contract, kIncrementsStream, config_.opbnb.start_block}, database_,
        opbnb_.rpc(), clock_);
    tx_queue_ = std::make_unique<pgledger::PgTxQueue>(database_, signer_.address(), chain);
    txsender::SenderConfig sender;
    sender.name = kIncrementsStream;
    sender.chain_id = chain;
    sender.min_priority_fee = config_.min_priority_fee;
    sender.max_fee_cap = config_.max_fee_cap;
    sender.legacy_fees = config_.legacy_fees;
    sender.daily_budget = config_.daily_budget;
    sender.max_unmined = config_.max_unmined;
    sender.low_at = config_.low_at;
    sender_ = std::make_unique<txsender::Sender>(
        std::move(sender), opbnb_.rpc(), signer_, *tx_queue_, policy_,
        telemetry::Context{clock_, app_.log(), app_.metrics(), app_.health()},
        [this](const std::vector<txsender::Intent>& intents) { return planner_->precheck(intents); });
}

ChainId Service::chain_of_opbnb() {
    try {
        return opbnb_.rpc().chain_id();
    } catch (const rpcpool::ConfigContradiction& error) {
        throw runtime::ConfigError(config_.opbnb.names.endpoints + ": " + error.what());
    }
}

/// Waits for a signer that is unavailable, like for any other peer.
void Service::require_signer() {
    try {
        signer_.check();
    } catch (const crypto::SigningRefused& error) {
        throw runtime::ConfigError(config_.wallet.source + ": " + error.what());
    }
}

/// Refuses the configuration, or waits if opBNB's head is old: the contract or its owner may be newer than
/// the head of a lagging node.
void Service::refuse_or_wait(const std::string& message) {
    const auto head = opbnb_.rpc().header(eth::BlockSpec(eth::Tag::kLatest));
    const Timestamp head_time(std::chrono::seconds(head ? head->timestamp : 0));
    if (clock_.now() - head_time <= config_.opbnb.finality_max_age) {
        throw runtime::ConfigError(message);
    }
    throw rpcpool::NotReadyYet(message + "; not certain, because opBNB's newest block is too old");
}

/// Returns the reason why this wallet cannot count jobs there, according to `rpc`; empty: it owns the
/// contract.
std::string Service::owner_contradiction(eth::Rpc& rpc) const {
    using contracts::node_reputation::Owner;
    const auto at = "NODE_REPUTATION_CONTRACT_ADDRESS: ";
    const auto address = config_.opbnb.contract.hex();
    if (rpc.code(config_.opbnb.contract, eth::Tag::kLatest).empty()) {
        return at + ("there is no contract at " + address);
    }
    eth::CallRequest request;
    request.to = config_.opbnb.contract;
    request.data = Owner{}.encode();
    try {
        const auto owner = Owner::decode_result(rpc.call(request, eth::Tag::kLatest));
        if (owner && owner->arg0 == signer_.address()) {
            return "";
        }
        if (owner) {
            return config_.wallet.source + ": the wallet " + signer_.address().hex() +
                   " is not the owner of NodeReputation, which is " + owner->arg0.hex();
        }
    } catch (const eth::RpcError& error) {
        if (!error.is_revert()) {
            throw;
        }
    }
    return at + ("the contract at " + address + " returns no owner: it is not NodeReputation");
}

/// Refuses a wallet that is not the owner only if all endpoints agree.
void Service::require_owner() {
    const auto reason = owner_contradiction(opbnb_.rpc());
    if (reason.empty()) {
        return;
    }
    for (const auto& url : config_.opbnb.urls) {
        auto single = config_.opbnb;
        single.urls = {url};
        try {
            rpcpool::MultiRpc rpc(streamrunner::rpc_config(single, config_.reading), clock_, app_.log());
            if (owner_contradiction(rpc).empty()) {
                app_.log().warn("endpoints disagree about the owner of NodeReputation", {{"reason", reason}});
                return;
            }
        } catch (const rpcpool::ConfigContradiction&) {  // another chain: ignored
        }
    }
    refuse_or_wait(reason);
}

/// Reports a ready standby, which takes over when the other instance ends. An instance that has sent before
/// continues to send: two senders share the queue's rows, and only one form of a transaction can be mined.
void Service::stand_by() {
    if (!may_send_) {
        app_.health().set(kLedgerCheck, true, "standby: another instance reads and sends");
        app_.health().set(kSenderCheck, true, "standby: another instance reads and sends");
    }
}

std::string Service::waiting_for() {
    if (!increments_.caught_up()) {
        return "NodeReputation is not read up to finality yet";
    }
    if (!jobs_.caught_up()) {
        return "JobManager is not read up to finality yet";
    }
    auto reason = planner_->waiting_for();
    if (reason.empty()) {
        reason = count_proof_->missing();
    }
    return reason.empty() ? planner_->conclude() : reason;
}

/// Intents are made only after the ledger agrees with the chain, so that no job that is counted already gets
/// one.
void Service::compare_ledger() {
    const auto reason = waiting_for();
    if (reason.empty() && !may_send_.exchange(true)) {
        sender_start_.wake();
    }
    if (app_.health().set(kLedgerCheck, reason.empty(), reason)) {
        app_.log().info(reason.empty() ? "ledger agrees with the chain"
                                       : "ledger does not agree with the chain yet; sending is paused",
                        {{"reason", reason}});
    }
}

void Service::run_ledger(const std::stop_token& stop) {
    // Until the ledger agrees: the streams wake this loop, and the endpoints may need more than one pass.
    rpcpool::Backoff until_agreed(kFirstPause, kPace);
    do {
        if (!lease_.held()) {
            if (!lease_.yielded()) {
                stand_by();
            }
            continue;
        }
        planner_->look_up_increments();
        if (!may_send_ || !planner_->agrees()) {
            compare_ledger();
        }
        if (may_send_ && planner_->add_intents() > 0) {
            sender_->nudge();
        }
    } while (ledger_wakeup_.wait(stop, may_send_ ? kPace : until_agreed.next()));
}

/// Starts after the ledger agrees with the chain: jobs that the chain has counted already need no proof.
void Service::run_proofs(const std::stop_token& stop) {
    ConfirmationProofs proofs({config_.bsc.contract, kJobsStream}, database_, bsc_.rpc(),
                              {clock_, app_.log(), app_.metrics(), app_.health()});
    do {
        if (!lease_.held()) {
            proofs.stand_by();
        } else if (may_send_) {
            or_config_error([&] { proofs.pass(); });
        }
    } while (runtime::pause(stop, kPace));
}

void Service::run_sender(const std::stop_token& stop) {
    while (!may_send_) {
        if (!sender_start_.wait(stop, kPace)) {
            return;
        }
    }
    or_config_error([&] { sender_->run(stop, kPace); });
}

void Service::run_count_check(const std::stop_token& stop) {
    CountCheck check(config_.opbnb.contract, kIncrementsStream, database_, opbnb_.rpc(), app_.log(),
                     app_.metrics());
    while (runtime::pause(stop, kCheckCounts)) {
        if (lease_.held()) {
            check.poll_once();
        }
    }
}

}  // namespace lamda::reputation
