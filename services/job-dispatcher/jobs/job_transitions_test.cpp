#include "services/job-dispatcher/jobs/job_transitions.hpp"

#include <catch2/catch.hpp>

#include "services/job-dispatcher/testing/job_rows.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using namespace lamda::dispatch::testing;
using wire::WorkFact;
using wire::WorkState;

namespace {

JobTransition decide(const JobRow& row, const wire::JobStatus& what, std::uint32_t last_seq = 0,
                     bool recovering = false) {
    return on_status(row, what, {last_seq, false}, recovering, policy(), kNow);
}

}  // namespace

TEST_CASE("a created job is evaluated by its spec and its provider") {
    SECTION("both known: attempt 1 is sent") {
        const auto transition = evaluate(created(), known(), true, policy(), kNow);
        CHECK(transition.send_attempt);
        const auto row = after(created(), transition);
        CHECK(row.work_state == WorkState::kAssigned);
        CHECK(row.attempt == 1);
        CHECK(row.tries == 1);
        CHECK(row.docker_image == "lamda/busybox:1.35");
        const auto message = assignment_of(row, spec());
        CHECK_FALSE(message.spec);
        auto with_secrets = spec();
        with_secrets.secrets = {{"TOKEN", "sealed"}};
        CHECK(assignment_of(row, with_secrets).spec == wire::canonical_json(with_secrets));
        CHECK(message.attempt == 1);
        CHECK(message.provider == address(2));
        CHECK(message.renter == row.renter);
        CHECK(message.payment == row.payment);
    }
    SECTION("no spec") {
        CHECK(after(created(), evaluate(created(), {}, true, policy(), kNow)).work_state ==
              WorkState::kAwaitingSpec);
    }
    SECTION("the provider registers later") {
        const auto row = after(created(), evaluate(created(), known(), false, policy(), kNow));
        CHECK(row.work_state == WorkState::kAwaitingProvider);
        CHECK(evaluate(row, known(), false, policy(), kNow).nothing());
        const auto later = evaluate(row, known(), true, policy(), kNow);
        CHECK(later.send_attempt);
        CHECK(after(row, later).work_state == WorkState::kAssigned);
    }
    SECTION("malformed bytes and a spec that contradicts the chain are never sent") {
        const auto garbage = evaluate(created(), read_spec("{}"), true, policy(), kNow);
        CHECK_FALSE(garbage.send_attempt);
        CHECK(after(created(), garbage).work_state == WorkState::kMismatched);

        auto dust = created();
        dust.payment = 99;
        const auto cheap = evaluate(dust, known(), true, policy(), kNow);
        CHECK_FALSE(cheap.send_attempt);
        CHECK(after(dust, cheap).work_state == WorkState::kMismatched);
        CHECK_FALSE(after(dust, cheap).error_message->empty());
    }
    SECTION("a job that is confirmed, paid or absent on chain is not evaluated") {
        for (const auto state :
             {wire::ChainState::kAbsent, wire::ChainState::kConfirmed, wire::ChainState::kPaid}) {
            auto row = created();
            row.chain_state = state;
            CHECK(evaluate(row, known(), true, policy(), kNow).nothing());
        }
    }
}

TEST_CASE("statuses move the work state along the table of transitions") {
    auto row = assigned();
    row = after(row, decide(row, status(wire::StatusKind::kAccepted)));
    CHECK(row.work_state == WorkState::kAccepted);
    row = after(row, decide(row, status(wire::StatusKind::kRunning, 1, 2), 1));
    CHECK(row.work_state == WorkState::kRunning);
    CHECK(decide(row, status(wire::StatusKind::kRunning, 1, 3), 2).nothing());  // progress
    auto done = status(wire::StatusKind::kCompleted, 1, 4);
    done.output_file_cid = "bafy";
    row = after(row, decide(row, done, 3));
    CHECK(row.work_state == WorkState::kCompleted);
    CHECK(row.output_file_cid == "bafy");
}

TEST_CASE("a repeated status changes nothing, an impossible one is journalled with its reason") {
    auto row = assigned();
    row = after(row, decide(row, status(wire::StatusKind::kAccepted)));
    CHECK(decide(row, status(wire::StatusKind::kAccepted), 1).nothing());

    const auto never_sent = decide(row, status(wire::StatusKind::kCompleted, 2));
    REQUIRE(never_sent.entries.size() == 1);
    CHECK(never_sent.entries[0].refused_reason == "this attempt was never sent");
    CHECK(after(row, never_sent).work_state == WorkState::kAccepted);
}

TEST_CASE("repeated `accepted` and `running` are progress and change nothing") {
    auto row = after(created(), evaluate(created(), known(), true, policy(), kNow));
    std::uint32_t seq = 0;
    for (const auto kind : {wire::StatusKind::kAccepted, wire::StatusKind::kRunning}) {
        const auto first = decide(row, status(kind, 1, seq + 1), seq);
        CHECK_FALSE(first.nothing());
        row = after(row, first);
        CHECK(decide(row, status(kind, 1, seq + 2), seq + 1).nothing());
        seq += 2;
    }
    CHECK(row.work_state == WorkState::kRunning);
    CHECK(decide(row, status(wire::StatusKind::kAccepted, 1, seq + 1), seq).entries.at(0).refused_reason);
}

TEST_CASE(
    "a transient failure starts the next attempt until MAX_ATTEMPTS; a permanent failure ends the job") {
    auto row = assigned();
    for (std::uint32_t attempt = 1; attempt < 3; ++attempt) {
        const auto retry = decide(row, failed(wire::ErrorCode::kStoreFailed, attempt));
        CHECK(retry.send_attempt);
        CHECK(retry.retract == Retract{attempt, wire::RetractReason::kSuperseded});
        CHECK(retry.entries.at(0).body.error_code == "store_failed");
        CHECK_FALSE(retry.entries.at(0).body.exit_code);
        row = after(row, retry);
        CHECK(row.work_state == WorkState::kAssigned);
        CHECK(row.attempt == attempt + 1);
    }
    const auto last = decide(row, failed(wire::ErrorCode::kStoreFailed, 3));
    CHECK_FALSE(last.send_attempt);
    CHECK(after(row, last).work_state == WorkState::kExpired);

    auto exited = failed(wire::ErrorCode::kExitNonzero);
    exited.exit_code = 3;
    const auto end = decide(assigned(), exited);
    CHECK(end.entries.at(0).body.error_code == "exit_nonzero");
    CHECK(end.entries.at(0).body.exit_code == 3);
    const auto broken = after(assigned(), end);
    CHECK(broken.work_state == WorkState::kFailed);
    CHECK(broken.failed_at == kNow);
    CHECK(broken.error_message == "exit_nonzero");
}

TEST_CASE("a late completed of an older attempt fills the output and keeps the newer attempt active") {
    auto row = after(assigned(), on_silence(assigned(), "no acceptance", policy(), kNow));
    CHECK(row.attempt == 2);
    auto late = status(wire::StatusKind::kCompleted, 1, 5);
    late.output_file_cid = "bafy";
    row = after(row, decide(row, late));
    CHECK(row.work_state == WorkState::kAssigned);
    CHECK(row.output_file_cid == "bafy");
}

TEST_CASE(
    "silence: a retry voids the previous attempt; after the last one, a job that was never accepted "
    "expires") {
    auto row = assigned();
    row.tries = 3;
    const auto end = on_silence(row, "no acceptance", policy(), kNow);
    CHECK_FALSE(end.send_attempt);
    CHECK(end.retract == Retract{1, wire::RetractReason::kCancelled});
    CHECK(after(row, end).work_state == WorkState::kExpired);
    row.work_state = WorkState::kRunning;
    CHECK(after(row, on_silence(row, "silent", policy(), kNow)).work_state == WorkState::kFailed);
    CHECK(on_silence(created(), "silent", policy(), kNow).nothing());
}

TEST_CASE("no attempt is sent for a job that is confirmed on chain") {
    auto row = assigned();
    row.chain_state = wire::ChainState::kConfirmed;
    CHECK_FALSE(on_silence(row, "silent", policy(), kNow).send_attempt);
    CHECK_FALSE(decide(row, failed(wire::ErrorCode::kInternal)).send_attempt);
}

TEST_CASE("a rebuilt row gets its attempts from statuses that are older than the database, and sends none") {
    const auto first = decide(created(), status(wire::StatusKind::kRunning, 2, 4), 0, true);
    CHECK_FALSE(first.send_attempt);
    auto row = after(created(), first);
    CHECK(row.attempt == 2);
    CHECK(row.work_state == WorkState::kRunning);
    row = after(row, decide(row, status(wire::StatusKind::kCompleted, 3, 9), 0, true));
    CHECK(row.attempt == 3);
    CHECK(row.work_state == WorkState::kCompleted);
    CHECK(after(created(), decide(created(), status(wire::StatusKind::kRunning, 2), 0, false)).attempt == 0);
}

TEST_CASE(
    "a failure before the database was created leads to the attempt that followed it, also for a confirmed "
    "job") {
    auto row = created();
    row.chain_state = wire::ChainState::kConfirmed;
    const auto failure = decide(row, failed(wire::ErrorCode::kStoreFailed), 0, true);
    CHECK_FALSE(failure.send_attempt);
    row = after(row, failure);
    CHECK(row.attempt == 2);
    row = after(row, decide(row, status(wire::StatusKind::kCompleted, 2, 3), 0, true));
    CHECK(row.work_state == WorkState::kCompleted);
}

TEST_CASE("an agent's clock moves no deadline: a start counts from its receipt") {
    auto early = status(wire::StatusKind::kRunning);
    early.at = kNow - std::chrono::hours(24);
    CHECK(after(assigned(), decide(assigned(), early)).running_since == kNow);
    auto late = status(wire::StatusKind::kCompleted);
    late.at = kNow + std::chrono::hours(24);
    CHECK(after(assigned(), decide(assigned(), late)).completed_at == kNow);
}

TEST_CASE("an orphaned creation retracts the active attempt only") {
    CHECK(on_orphaned(assigned()) == Retract{1, wire::RetractReason::kOrphaned});
    CHECK_FALSE(on_orphaned(created()));
    auto recreated = assigned();
    recreated.work_state.reset();  // as after a reorg
    const auto again = evaluate(recreated, known(), true, policy(), kNow);
    CHECK(after(recreated, again).attempt == 2);
    CHECK(after(recreated, again).tries == 1);
}

TEST_CASE("cancelling stops the agent; a job that has ended or is confirmed on chain cannot be cancelled") {
    const auto cancel = on_set_status(assigned(), "cancelled", "", kNow);
    REQUIRE(cancel);
    CHECK(cancel->retract == Retract{1, wire::RetractReason::kCancelled});
    CHECK(after(assigned(), *cancel).work_state == WorkState::kCancelled);

    auto done = assigned();
    done.work_state = WorkState::kCompleted;
    CHECK(on_set_status(done, "cancelled", "", kNow).error().code == "illegal_transition");
    auto confirmed = assigned();
    confirmed.chain_state = wire::ChainState::kConfirmed;
    CHECK_FALSE(on_set_status(confirmed, "failed", "", kNow));
    CHECK(on_set_status(assigned(), "failed", "", kNow)->entries.size() == 1);
}

TEST_CASE("SPEC_TTL ends only a job that waits for its spec") {
    auto row = after(created(), evaluate(created(), {}, true, policy(), kNow));
    CHECK(after(row, on_spec_ttl(row, kNow)).work_state == WorkState::kExpired);
    CHECK(on_spec_ttl(assigned(), kNow).nothing());
}

TEST_CASE("the pause after a transient failure grows; after silence the next attempt is sent at once") {
    const Millis first(20'000);
    CHECK(pause_after(1, first) == Millis(20'000));
    CHECK(pause_after(2, first) == Millis(100'000));
    CHECK(pause_after(3, first) == Millis(500'000));
    CHECK(pause_after(4, first) == Millis(600'000));
    CHECK(pause_after(100, first) == Millis(600'000));
    CHECK(pause_after(7, Millis(0)) == Millis(0));
    CHECK(pause_after(2, Millis(3'600'000)) == Millis(3'600'000));

    auto row = assigned();
    const auto transient = decide(row, failed(wire::ErrorCode::kInputUnavailable));
    CHECK(transient.send_attempt);
    CHECK(transient.pause == Millis(20'000));
    CHECK(after(row, transient).error_message->starts_with("input_unavailable"));
    row = after(row, transient);
    CHECK(decide(row, failed(wire::ErrorCode::kStoreFailed, 2)).pause == Millis(100'000));
    const auto silent = on_silence(row, "no sign of the job", policy(), kNow);
    CHECK(silent.send_attempt);
    CHECK(silent.pause == Millis(0));
    // Decided before this database was created: the pause is over.
    CHECK(decide(row, failed(wire::ErrorCode::kStoreFailed, 2), 0, true).pause == Millis(0));
    // The attempt was not sent, so it cannot have failed.
    const auto early =
        on_status(row, failed(wire::ErrorCode::kStoreFailed, 2), {0, true}, false, policy(), kNow);
    CHECK_FALSE(early.send_attempt);
    CHECK(early.entries.back().refused_reason == "this attempt has not been sent yet");
}

TEST_CASE("an agent's report that a retracted attempt has stopped changes no work state") {
    const auto stopped = [](std::uint32_t attempt, std::uint32_t seq = 1) {
        auto out = failed(wire::ErrorCode::kRetracted, attempt);
        out.seq = seq;
        return out;
    };
    SECTION("superseded, cancelled and orphaned attempts are void") {
        auto second = assigned();
        second.attempt = 2;
        auto cancelled = assigned();
        cancelled.work_state = WorkState::kCancelled;
        auto orphaned = assigned();
        orphaned.chain_state = wire::ChainState::kAbsent;
        for (const auto& row : {second, cancelled, orphaned}) {
            CHECK(is_void(row, 1));
            const auto transition = decide(row, stopped(1));
            CHECK(after(row, transition).work_state == row.work_state);
            CHECK_FALSE(transition.send_attempt);
            CHECK(transition.entries.back().refused_reason == "the agent has stopped this retracted attempt");
        }
    }
    SECTION("an attempt that was not retracted goes on: silence ends it") {
        CHECK_FALSE(is_void(assigned(), 1));
        const auto transition = decide(assigned(), stopped(1));
        CHECK(after(assigned(), transition).work_state == WorkState::kAssigned);
        CHECK(transition.entries.back().refused_reason == "this attempt was not retracted");
    }
    SECTION("a rebuilt database learns of the attempt, and does not use its number again") {
        auto row = created();
        const auto transition = decide(row, stopped(4), 0, true);
        CHECK(after(row, transition).attempt >= 4);
    }
}

TEST_CASE("a job that waits for its provider gets one entry when it drains, and one when it is back") {
    const JobRow row = assigned();
    CHECK(on_drain(row, false, kNow).nothing());
    const auto told = on_drain(row, true, kNow);
    REQUIRE(told.entries.size() == 1);
    CHECK_FALSE(told.send_attempt);
    CHECK_FALSE(told.retract);
    const JobRow draining = after(row, told);
    CHECK(draining.provider_draining());
    CHECK(draining.work_state == row.work_state);
    CHECK(draining.attempt == row.attempt);
    CHECK(draining.error_message == row.error_message);
    CHECK(draining.work_since == row.work_since);
    CHECK(on_drain(draining, true, kNow).nothing());
    const JobRow back = after(draining, on_drain(draining, false, kNow));
    CHECK_FALSE(back.provider_draining());
    CHECK(on_drain(back, false, kNow).nothing());
    CHECK(after(back, on_drain(back, true, kNow)).provider_draining());

    INFO("not once the work goes on, or the job is gone");
    for (const auto work :
         {wire::WorkState::kAwaitingSpec, wire::WorkState::kAccepted, wire::WorkState::kRunning,
          wire::WorkState::kCompleted, wire::WorkState::kCancelled}) {
        JobRow other = row;
        other.work_state = work;
        CHECK(on_drain(other, true, kNow).nothing());
    }
    JobRow confirmed = row;
    confirmed.chain_state = wire::ChainState::kConfirmed;
    CHECK(on_drain(confirmed, true, kNow).nothing());
    const JobRow accepted =
        after(draining, on_status(draining, status(wire::StatusKind::kAccepted), {}, false, policy(), kNow));
    CHECK(accepted.work_state == wire::WorkState::kAccepted);
    CHECK_FALSE(accepted.provider_draining());
}

TEST_CASE("a provider that changes its mind all the time fills no journal") {
    JobRow row = assigned();
    std::size_t entries = 0;
    for (int i = 0; i < 200; ++i) {
        const auto transition = on_drain(row, i % 2 == 0, kNow);
        entries += transition.entries.size();
        row = after(row, transition);
    }
    CHECK(entries == kMostDrainNotices);
    CHECK_FALSE(row.provider_draining());
}
