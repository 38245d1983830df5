#include "services/node-agent/state/assignment_decision.hpp"

#include <catch2/catch.hpp>

#include "services/node-agent/state/owed_status.hpp"
#include "services/node-agent/testing/agent_scene.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;

namespace {

Self idle() {
    return {address(0xAA), ChainId{97}, address(0x11), 0, 1};
}

JobRecord with_attempt(std::uint32_t attempt, Phase phase) {
    JobRecord record;
    enter(record, assignment(1, attempt), start_of_time());
    auto& entry = record.attempts.at(attempt);
    entry.phase = phase;
    if (phase == Phase::kFinished) {
        entry.final_status = "{}";
    }
    return record;
}

JobRecord retracted_through(std::uint32_t attempt) {
    JobRecord record;
    enter(record, wire::Retraction{job_id(1), attempt, wire::RetractReason::kOrphaned});
    return record;
}

}  // namespace

TEST_CASE("the decision follows from the assignment and the journal record") {
    struct Case {
        const char* scenario;
        std::uint32_t attempt;
        std::optional<JobRecord> record;
        AssignmentDecision expected;
    };
    const std::vector<Case> cases = {
        {"no record", 1, std::nullopt, AssignmentDecision::kAccept},
        {"delivered again while it runs", 1, with_attempt(1, Phase::kStarted), AssignmentDecision::kIgnore},
        {"delivered again before it runs", 1, with_attempt(1, Phase::kAccepted), AssignmentDecision::kIgnore},
        {"delivered again after it finished", 1, with_attempt(1, Phase::kFinished),
         AssignmentDecision::kRepublish},
        {"delivered again after it was superseded", 1, with_attempt(1, Phase::kVoid),
         AssignmentDecision::kIgnore},
        {"a higher attempt", 2, with_attempt(1, Phase::kFinished), AssignmentDecision::kAccept},
        {"a lower attempt that arrives late", 1, with_attempt(2, Phase::kFinished),
         AssignmentDecision::kIgnore},
        {"retracted before it arrived", 1, retracted_through(1), AssignmentDecision::kIgnore},
        {"above the retracted attempt", 2, retracted_through(1), AssignmentDecision::kAccept},
    };
    for (const auto& one : cases) {
        INFO(one.scenario);
        auto assigned = assignment(1, one.attempt);
        assigned.chain_id = ChainId{97};
        CHECK(decide(assigned, one.record, idle()).decision == one.expected);
    }
}

TEST_CASE("a finished attempt that was retracted afterwards is not published again") {
    auto record = with_attempt(1, Phase::kFinished);
    enter(record, wire::Retraction{job_id(1), 1, wire::RetractReason::kSuperseded});
    CHECK(record.attempts.at(1).phase == Phase::kFinished);
    CHECK(decide(assignment(1, 1), record, idle()).decision == AssignmentDecision::kIgnore);
}

TEST_CASE("without a free slot a new assignment is deferred, a finished one is republished at once") {
    auto busy = idle();
    busy.active = 1;
    CHECK(decide(assignment(1, 1), std::nullopt, busy).decision == AssignmentDecision::kDefer);
    CHECK(decide(assignment(1, 1), with_attempt(1, Phase::kFinished), busy).decision ==
          AssignmentDecision::kRepublish);
}

TEST_CASE("a job outside of the policy is refused with the reason, also without a free slot") {
    auto self = idle();
    self.active = 1;
    self.policy.price.cpu_second = 2;  // 1 CPU × 3,600 s × 2
    auto cheap = assignment(1, 1);
    cheap.payment = U256(7'199);
    CHECK(decide(cheap, std::nullopt, self) ==
          Verdict{AssignmentDecision::kRefuse,
                  "payment: the job pays 7199 wei, this provider requires at least 7200 wei for the "
                  "requirements over 3600 s"});
    auto dear = cheap;
    dear.payment = U256(7'200);
    CHECK(decide(dear, std::nullopt, self).decision == AssignmentDecision::kDefer);
    self.active = 0;
    CHECK(decide(dear, std::nullopt, self).decision == AssignmentDecision::kAccept);
    // An older dispatcher does not state the payment.
    CHECK(decide(assignment(1, 1), std::nullopt, self).decision == AssignmentDecision::kRefuse);
    self.policy.renters_denied = {address(9)};
    dear.renter = address(9);
    CHECK(decide(dear, std::nullopt, self).decision == AssignmentDecision::kRefuse);
    // What this agent has taken already is not judged again.
    CHECK(decide(cheap, with_attempt(1, Phase::kStarted), self).decision == AssignmentDecision::kIgnore);
    CHECK(decide(cheap, with_attempt(1, Phase::kFinished), self).decision == AssignmentDecision::kRepublish);
}

TEST_CASE("while another agent uses the same key new work is deferred, finished work is republished") {
    auto self = idle();
    self.duplicate_agent = true;
    CHECK(decide(assignment(1, 1), std::nullopt, self).decision == AssignmentDecision::kDefer);
    CHECK(decide(assignment(1, 2), with_attempt(1, Phase::kFinished), self).decision ==
          AssignmentDecision::kDefer);
    CHECK(decide(assignment(1, 1), with_attempt(1, Phase::kFinished), self).decision ==
          AssignmentDecision::kRepublish);
}

TEST_CASE("a job of another chain or contract is returned to the bus, and the reason names the setting") {
    auto foreign = assignment(1, 1);
    std::string setting;
    SECTION("another chain") {
        foreign.chain_id = ChainId{56};
        setting = "BSC_CHAIN_ID to 56";
    }
    SECTION("another contract") {
        foreign.job_manager = address(0x22);
        setting = "JOB_MANAGER_CONTRACT_ADDRESS to " + address(0x22).hex();
    }
    SECTION("even with an invalid image name: a refusal would be signed for the wrong chain") {
        foreign.chain_id = ChainId{56};
        foreign.docker_image = "Lamda/X";
        setting = "BSC_CHAIN_ID";
    }
    const auto verdict = decide(foreign, std::nullopt, idle());
    CHECK(verdict.decision == AssignmentDecision::kReturn);
    CHECK(verdict.reason.find(setting) != std::string::npos);
    CHECK(decide(foreign, retracted_through(1), idle()).decision == AssignmentDecision::kIgnore);
}

TEST_CASE("a job of this chain is accepted if it names this contract or none") {
    auto own = assignment(1, 1);
    CHECK(decide(own, std::nullopt, idle()).decision == AssignmentDecision::kAccept);
    own.job_manager = address(0x11);
    CHECK(decide(own, std::nullopt, idle()).decision == AssignmentDecision::kAccept);
}

TEST_CASE("an invalid image name is refused at once, and the reason says so") {
    for (const auto* name : {"Lamda/X", "busybox:", "a b", "https://hub.docker.com/x", "-x", ""}) {
        INFO(name);
        auto job = assignment(1, 1);
        job.docker_image = name;
        auto self = idle();
        self.active = self.capacity;  // a refusal needs no slot
        const auto verdict = decide(job, std::nullopt, self);
        CHECK(verdict.decision == AssignmentDecision::kRefuse);
        CHECK(verdict.reason.starts_with("invalid image name: "));
    }
    auto job = assignment(1, 1);
    job.docker_image = "ghcr.io/lamda/tool:1.0";
    CHECK(decide(job, std::nullopt, idle()).decision == AssignmentDecision::kAccept);
}

TEST_CASE("only the highest attempt stays active") {
    auto record = with_attempt(1, Phase::kStarted);
    record.attempts.at(1).outbox.push_back({1, wire::StatusKind::kAccepted, "{}"});
    enter(record, assignment(1, 3), start_of_time());
    CHECK(record.attempts.at(1).phase == Phase::kVoid);
    CHECK(record.attempts.at(1).outbox.empty());
    CHECK(record.attempts.at(3).active());
    CHECK(record.highest() == 3);
}

TEST_CASE("a retraction never lowers void_through") {
    JobRecord record = retracted_through(4);
    enter(record, wire::Retraction{job_id(1), 2, wire::RetractReason::kCancelled});
    CHECK(record.void_through == 4);
}

TEST_CASE("the outcome follows from exit code, OOM kill, time, bytes written and the engine") {
    wire::Requirements requirements;
    requirements.disk_mib = 1;
    requirements.memory_mib = 64;
    requirements.time_limit_seconds = 10;
    const auto code = [&](std::int32_t exit_code, bool oom, bool overran, std::uint64_t bytes,
                          bool lost = false) {
        return outcome_of({exit_code, oom, overran, {bytes, 0, 0}, lost}, requirements).error;
    };
    constexpr std::uint64_t kMib = 1ULL << 20;
    using wire::ErrorCode;
    CHECK(code(0, false, false, 0) == std::nullopt);
    CHECK(code(0, true, false, 0) ==
          std::nullopt);  // a child process was killed, the job continued and succeeded
    CHECK(code(0, false, false, kMib) == std::nullopt);
    CHECK(code(0, false, false, kMib + 1) == ErrorCode::kOutputTooLarge);
    CHECK(code(137, false, false, kMib + 1) == ErrorCode::kOutputTooLarge);
    CHECK(code(153, false, false, kMib) == ErrorCode::kOutputTooLarge);  // SIGXFSZ
    CHECK(code(137, true, false, 0) == ErrorCode::kOom);
    CHECK(code(137, false, true, 0) == ErrorCode::kTimeout);
    CHECK(code(137, false, false, 0) == ErrorCode::kExitNonzero);
    CHECK(code(137, false, false, 0, true) == ErrorCode::kInternal);
    CHECK(code(3, false, false, 0, true) == ErrorCode::kInternal);
    CHECK(code(0, false, false, 0, true) == std::nullopt);
    CHECK(code(1, false, false, kMib) == ErrorCode::kOutputTooLarge);
    CHECK(outcome_of({3, false, false, {}, false}, requirements).message == "exit code 3");
}

TEST_CASE("bytes written anywhere count, and the message lists them by place") {
    wire::Requirements requirements;
    requirements.disk_mib = 1;
    constexpr std::uint64_t kMib = 1ULL << 20;
    const auto code = [&](const Written& written, std::int32_t exit_code = 0) {
        return outcome_of({exit_code, false, false, written, false}, requirements).error;
    };
    using wire::ErrorCode;
    for (const auto& written : std::vector<Written>{
             {kMib + 1, 0, 0}, {0, kMib + 1, 0}, {0, 0, kMib + 1}, {kMib / 2, kMib / 2, 1}}) {
        CHECK(written.total() > disk_limit(requirements));
        CHECK(code(written) == ErrorCode::kOutputTooLarge);
    }
    const Written full{kMib / 2, kMib / 4, kMib / 4};
    CHECK(full.total() == disk_limit(requirements));
    CHECK(code(full) == std::nullopt);
    CHECK(code(full, 1) == ErrorCode::kOutputTooLarge);  // a write failed at the limit, and the job exited
    CHECK(outcome_of({0, false, false, {1, kMib, 2}, false}, requirements).message ==
          "the job wrote at least 1048579 bytes, 1 MiB are allowed: 1 to /output, 1048576 elsewhere in its "
          "file system, 2 in volumes of its image");
}

TEST_CASE("a retraction of another chain or contract stops nothing and is not answered") {
    const ChainId own{97};
    const Address contract = address(0x11);
    const auto of = [](std::optional<ChainId> chain, std::optional<Address> job_manager) {
        return wire::Retraction{job_id(1), 1, wire::RetractReason::kCancelled, chain, job_manager};
    };
    struct Case {
        const char* scenario;
        wire::Retraction retraction;
        std::optional<JobRecord> record;
        std::optional<ChainId> chain;
        RetractionDecision expected;
    };
    auto elsewhere = with_attempt(1, Phase::kStarted);  // accepted under earlier settings
    elsewhere.attempts.at(1).assignment.chain_id = ChainId{56};
    auto exact = with_attempt(1, Phase::kStarted);
    exact.attempts.at(1).assignment.job_manager = contract;
    using Decision = RetractionDecision;
    const std::vector<Case> cases = {
        {"of an older release", of({}, {}), {}, own, Decision::kApply},
        {"of an older release, chain unknown", of({}, {}), {}, {}, Decision::kApply},
        {"own", of(own, contract), {}, own, Decision::kApply},
        {"own, of a running job", of(own, contract), exact, own, Decision::kApply},
        {"another chain", of(ChainId{56}, contract), {}, own, Decision::kVoid},
        {"another contract", of(own, address(0x12)), {}, own, Decision::kVoid},
        {"another chain, repeated", of(ChainId{56}, contract), retracted_through(1), own, Decision::kVoid},
        {"another chain, the id of an own job", of(ChainId{56}, contract), exact, own, Decision::kRefuse},
        {"another contract, the id of an own job", of(own, address(0x12)), exact, own, Decision::kRefuse},
        {"the job's chain, the settings changed", of(ChainId{56}, contract), elsewhere, own,
         Decision::kApply},
        {"own chain not known yet", of(own, contract), {}, {}, Decision::kDefer},
        {"own chain not known yet, the job's is", of(own, contract), exact, {}, Decision::kApply},
    };
    for (const auto& one : cases) {
        INFO(one.scenario);
        CHECK(decide(one.retraction, one.record, one.chain, contract) == one.expected);
    }
}

TEST_CASE("an unanswered retraction voids later assignments, and is answered once it is the agent's own") {
    JobRecord record;
    const wire::Retraction retraction{job_id(1), 2, wire::RetractReason::kCancelled, ChainId{56}, {}};
    enter_unanswered(record, retraction);
    CHECK(decide(assignment(1, 2), record, idle()).decision == AssignmentDecision::kIgnore);
    CHECK_FALSE(report_due(record));
    CHECK(owed_statuses(job_id(1), record).empty());
    ask_again(record, retraction);
    CHECK(report_due(record));
}
