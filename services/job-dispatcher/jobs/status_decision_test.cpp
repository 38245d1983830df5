// Tests of the decision about a status: case before, status, expected outcome and change. No database.
#include "services/job-dispatcher/jobs/status_decision.hpp"

#include <catch2/catch.hpp>

#include "services/job-dispatcher/testing/job_rows.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using namespace lamda::dispatch::testing;
using wire::ChainState;
using wire::ErrorCode;
using wire::StatusKind;
using wire::WorkState;

namespace {

JobRow in_state(ChainState chain, std::optional<WorkState> work) {
    JobRow row = work ? assigned() : created();
    row.chain_state = chain;
    row.work_state = work;
    return row;
}

StatusCase found(std::optional<JobRow> row, AttemptKnown attempt = {}) {
    StatusCase out;
    out.row = std::move(row);
    out.spec = spec();
    out.history.attempts[1] = attempt;
    return out;
}

StatusCase unknown_job(bool has_room) {
    StatusCase out;
    out.has_room = has_room;
    return out;
}

StatusCase in_journal(StatusCase out) {
    out.history.in_journal.emplace(1, 1);
    return out;
}

StatusCase without_spec(StatusCase out) {
    out.spec.reset();
    return out;
}

wire::JobStatus from_another(wire::JobStatus out) {
    out.provider = address(7);
    return out;
}

ReceivedStatus received(wire::JobStatus status, bool recovering = false) {
    return {std::move(status), "", recovering};
}

StatusDecision decide(const StatusCase& before, const wire::JobStatus& action, bool caught_up = true) {
    return decide_status(before, received(action), policy(), caught_up, kNow);
}

std::optional<WorkState> work_after(const StatusDecision& decision) {
    const auto row = decision.write.present();
    return row ? row->work_state : std::nullopt;
}

}  // namespace

TEST_CASE("a status is applied, kept, dropped or refused by the state of its job") {
    struct Row {
        std::string name;
        StatusCase before;
        wire::JobStatus action;
        StatusOutcome outcome;
        std::optional<WorkState> work;  ///< after the change; absent: nothing is saved
    };
    const auto accepted = status(StatusKind::kAccepted);
    const auto running = status(StatusKind::kRunning);
    const auto assigned_job = found(assigned());
    const std::vector<Row> rows{
        {"unknown job", unknown_job(true), accepted, StatusOutcome::kEarly, {}},
        {"unknown job, limit reached", unknown_job(false), accepted, StatusOutcome::kNoRoom, {}},
        {"not evaluated", found(created()), accepted, StatusOutcome::kEarly, {}},
        {"orphaned, not evaluated",
         found(in_state(ChainState::kAbsent, {})),
         accepted,
         StatusOutcome::kEarly,
         {}},
        {"another provider's job", assigned_job, from_another(accepted), StatusOutcome::kWrongProvider, {}},
        {"accepted", assigned_job, accepted, StatusOutcome::kApplied, WorkState::kAccepted},
        {"running", found(in_state(ChainState::kCreated, WorkState::kAccepted)), running,
         StatusOutcome::kApplied, WorkState::kRunning},
        {"completed on a paid job", found(in_state(ChainState::kPaid, WorkState::kRunning)),
         status(StatusKind::kCompleted), StatusOutcome::kApplied, WorkState::kCompleted},
        {"permanent failure", assigned_job, failed(ErrorCode::kExitNonzero), StatusOutcome::kApplied,
         WorkState::kFailed},
        {"never sent", assigned_job, status(StatusKind::kRunning, 2), StatusOutcome::kApplied,
         WorkState::kAssigned},
        {"older than the newest", found(assigned(), {5, false}), accepted, StatusOutcome::kUnchanged,
         WorkState::kAssigned},
    };
    for (const auto& row : rows) {
        INFO(row.name);
        const auto decision = decide(row.before, row.action);
        CHECK(to_string(decision.outcome) == to_string(row.outcome));
        CHECK(work_after(decision) == row.work);
    }
}

TEST_CASE("a status that is in the journal already saves nothing") {
    const auto decision = decide(in_journal(found(assigned())), status(StatusKind::kAccepted));
    CHECK(decision.outcome == StatusOutcome::kUnchanged);
    CHECK(decision.write.nothing());
}

TEST_CASE("refusals beyond the limit of a job are not journalled, what changes the job is applied") {
    auto before = found(assigned());
    before.history.refused = kMostRefused - 1;
    const auto last = decide(before, status(StatusKind::kRunning, 2));
    CHECK(last.outcome == StatusOutcome::kApplied);
    CHECK(last.write.entries.size() == 1);
    before.history.refused = kMostRefused;
    const auto over = decide(before, status(StatusKind::kRunning, 2));
    CHECK(over.outcome == StatusOutcome::kUnrecorded);
    CHECK(over.write.nothing());
    const auto valid = decide(before, status(StatusKind::kAccepted));
    CHECK(valid.outcome == StatusOutcome::kApplied);
    CHECK(work_after(valid) == WorkState::kAccepted);

    JobWrite write;
    write.before = assigned();
    write.spec = spec();
    EarlyStatuses early;
    for (std::uint32_t seq = 1; seq <= 2 * kMostRefused; ++seq) {
        early.statuses.push_back(received(status(StatusKind::kRunning, 2, seq)));
    }
    add_early_statuses(write, early, policy(), kNow);
    CHECK(write.entries.size() == kMostRefused);
}

TEST_CASE("a repeated `running` saves progress only") {
    const auto before = found(in_state(ChainState::kCreated, WorkState::kRunning), {3, false});
    const auto decision = decide(before, status(StatusKind::kRunning, 1, 4));
    CHECK(decision.outcome == StatusOutcome::kUnchanged);
    CHECK(decision.write.entries.empty());
    REQUIRE(decision.write.progress.size() == 1);
    CHECK(decision.write.progress[0].seq == 4);
}

TEST_CASE("progress is noted for attempts that were sent, never for those that wait or are unknown") {
    const auto accepted = status(StatusKind::kAccepted);
    CHECK(decide(found(assigned()), accepted).write.progress.size() == 1);
    CHECK(decide(found(assigned(), {0, true}), accepted).write.progress.empty());
    CHECK(decide(found(assigned()), status(StatusKind::kRunning, 2)).write.progress.empty());
    CHECK(decide(found(assigned(), {2, false}), accepted).write.progress.empty());
}

TEST_CASE("a status for an attempt that waits is journalled with its reason") {
    const auto decision = decide(found(assigned(), {0, true}), status(StatusKind::kAccepted));
    CHECK(decision.outcome == StatusOutcome::kApplied);
    REQUIRE(decision.write.entries.size() == 1);
    CHECK(decision.write.entries[0].refused_reason.has_value());
}

TEST_CASE("a new attempt after a transient failure waits until the stream has caught up") {
    const auto before = found(assigned());
    const auto failure = failed(ErrorCode::kInputUnavailable);
    const auto later = decide(before, failure, false);
    CHECK(later.outcome == StatusOutcome::kDeferred);
    CHECK(later.write.nothing());

    const auto now = decide(before, failure);
    CHECK(now.outcome == StatusOutcome::kApplied);
    CHECK(now.write.send_attempt);
    CHECK(now.write.pause == Millis(20'000));
    CHECK(now.write.present()->attempt == 2);
    // The failed attempt is noted as ended before it would be voided.
    REQUIRE(now.write.progress.size() == 1);
    CHECK(now.write.progress[0].attempt == 1);
}

TEST_CASE("a transient failure of a job whose spec is lost ends the job") {
    const auto decision =
        decide(without_spec(found(assigned())), failed(ErrorCode::kInputUnavailable), false);
    CHECK(decision.outcome == StatusOutcome::kApplied);
    CHECK_FALSE(decision.write.send_attempt);
    CHECK(work_after(decision) == WorkState::kExpired);
}

TEST_CASE("early statuses are applied in the order of attempt and seq, once each") {
    JobWrite write;
    write.before = created();
    write.spec = spec();
    EarlyStatuses early;
    early.statuses = {received(status(StatusKind::kRunning, 1, 2), true),
                      received(from_another(status(StatusKind::kCompleted, 1, 9)), true),
                      received(status(StatusKind::kCompleted, 1, 3), true),
                      received(status(StatusKind::kAccepted, 1, 1), true)};
    SECTION("all are new: a rebuilt database") {
        add_early_statuses(write, early, policy(), kNow);
        CHECK(write.present()->work_state == WorkState::kCompleted);
        CHECK(write.present()->attempt == 1);
        std::vector<std::uint32_t> seqs;
        for (const auto& each : write.progress) {
            seqs.push_back(each.seq);
        }
        CHECK(seqs == std::vector<std::uint32_t>{1, 2, 3});
        REQUIRE(write.refused.size() == 1);
        CHECK(write.refused[0].provider == address(7));
        CHECK(write.refused[0].reason == kForeignJob);
    }
    SECTION("the database knows them all") {
        early.history.in_journal = {{1, 1}, {1, 2}, {1, 3}};
        add_early_statuses(write, early, policy(), kNow);
        CHECK(write.refused.size() == 1);
        write.refused.clear();
        CHECK(write.nothing());
    }
    SECTION("the job is unknown: facts of a job that was created before the start block") {
        write.before.reset();
        add_early_statuses(write, early, policy(), kNow);
        CHECK(write.nothing());
    }
}

TEST_CASE("the end of a retracted attempt is noted; a report for a wanted attempt notes nothing") {
    auto cancelled = assigned();
    cancelled.work_state = WorkState::kCancelled;
    const auto end = decide(found(cancelled), failed(ErrorCode::kRetracted));
    CHECK(end.outcome == StatusOutcome::kApplied);
    CHECK(end.write.progress.size() == 1);
    CHECK(work_after(end) == WorkState::kCancelled);

    const auto unfounded = decide(found(assigned()), failed(ErrorCode::kRetracted));
    CHECK(unfounded.write.progress.empty());
    CHECK(work_after(unfounded) == WorkState::kAssigned);
}

namespace {

std::unique_ptr<crypto::LocalSigner> provider_key() {
    return crypto::LocalSigner::from_hex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
        .value();
}

const std::string kOutput = "bafybeibq34xkahn6evm23l6un2fkh3hw56sfac3iklpq5nzhudwd3cftpe";

/// A job of the key's provider whose attempt runs.
StatusCase running_job() {
    auto out = found(in_state(ChainState::kCreated, WorkState::kRunning));
    out.row->provider = provider_key()->address();
    out.spec->provider = out.row->provider;
    return out;
}

wire::JobStatus completed_with_receipt(const crypto::Signer& signer) {
    auto out = status(StatusKind::kCompleted);
    out.provider = provider_key()->address();
    out.output_file_cid = kOutput;
    out.exit_code = 0;
    out.receipt = wire::Receipt{out.job_id,
                                1,
                                "sha256:" + std::string(64, 'a'),
                                "",
                                kOutput,
                                "2026-11-20T10:00:01.000Z",
                                "2026-11-20T10:00:02.000Z",
                                0};
    out.receipt_signature =
        wire::sign_receipt(*out.receipt, wire::market_domain(policy().chain_id, policy().job_manager), signer)
            .hex65();
    return out;
}

}  // namespace

TEST_CASE("the signed receipt of the status that sets the output is stored") {
    const auto decision = decide(running_job(), completed_with_receipt(*provider_key()));
    CHECK(work_after(decision) == WorkState::kCompleted);
    REQUIRE(decision.write.receipt);
    CHECK(decision.write.receipt->receipt.output_file_cid == kOutput);
    CHECK_FALSE(decision.write.entries.back().body.receipt_fault);

    SECTION("also of a late one that fills an empty output") {
        auto failed_job = running_job();
        failed_job.row->work_state = WorkState::kFailed;
        CHECK(decide(failed_job, completed_with_receipt(*provider_key())).write.receipt);
        failed_job.row->output_file_cid = kOutput;
        CHECK_FALSE(decide(failed_job, completed_with_receipt(*provider_key())).write.receipt);
    }
    SECTION("also if the spec is unknown") {
        CHECK(decide(without_spec(running_job()), completed_with_receipt(*provider_key())).write.receipt);
    }
}

TEST_CASE("a wrong receipt is not stored: the job completes, and the journal has the reason") {
    const auto other =
        crypto::LocalSigner::from_hex("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6")
            .value();
    const auto decision = decide(running_job(), completed_with_receipt(*other));
    CHECK(decision.outcome == StatusOutcome::kApplied);
    CHECK(work_after(decision) == WorkState::kCompleted);
    CHECK(decision.write.present()->output_file_cid == kOutput);
    CHECK_FALSE(decision.write.receipt);
    REQUIRE(decision.write.entries.back().body.receipt_fault);
    const auto fault = *decision.write.entries.back().body.receipt_fault;
    CHECK(fault.starts_with("invalid_signature: the receipt is not signed by"));
    CHECK(parse_fact_body(to_json(decision.write.entries.back().body)).value().receipt_fault == fault);

    auto another_input = running_job();
    another_input.spec->input_file_cid = kOutput;
    CHECK(decide(another_input, completed_with_receipt(*provider_key()))
              .write.entries.back()
              .body.receipt_fault->starts_with("invalid_receipt: inputFileCID"));
}

TEST_CASE("a completed status of an older agent, without a receipt's signature, has no fault") {
    auto old = completed_with_receipt(*provider_key());
    old.receipt_signature.reset();
    const auto decision = decide(running_job(), old);
    CHECK(work_after(decision) == WorkState::kCompleted);
    CHECK_FALSE(decision.write.receipt);
    CHECK_FALSE(decision.write.entries.back().body.receipt_fault);
}
