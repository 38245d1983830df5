#include "services/node-agent/state/assignment_decision.hpp"

#include <catch2/catch.hpp>

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

TEST_CASE("what an assignment leads to") {
    struct Case {
        const char* scenario;
        std::uint32_t attempt;
        std::optional<JobRecord> record;
        AssignmentDecision expected;
    };
    const std::vector<Case> cases = {
        {"never heard of it", 1, std::nullopt, AssignmentDecision::kAccept},
        {"delivered again while it runs", 1, with_attempt(1, Phase::kStarted), AssignmentDecision::kIgnore},
        {"delivered again before it runs", 1, with_attempt(1, Phase::kAccepted), AssignmentDecision::kIgnore},
        {"delivered again after its end", 1, with_attempt(1, Phase::kFinished),
         AssignmentDecision::kRepublish},
        {"delivered again after it was overtaken", 1, with_attempt(1, Phase::kVoid),
         AssignmentDecision::kIgnore},
        {"a higher attempt", 2, with_attempt(1, Phase::kFinished), AssignmentDecision::kAccept},
        {"a lower attempt that comes late", 1, with_attempt(2, Phase::kFinished),
         AssignmentDecision::kIgnore},
        {"retracted before it came", 1, retracted_through(1), AssignmentDecision::kIgnore},
        {"above what was retracted", 2, retracted_through(1), AssignmentDecision::kAccept},
    };
    for (const auto& one : cases) {
        INFO(one.scenario);
        auto assigned = assignment(1, one.attempt);
        assigned.chain_id = ChainId{97};
        CHECK(decide(assigned, one.record, idle()).decision == one.expected);
    }
}

TEST_CASE("a finished attempt that was retracted since is not published again") {
    auto record = with_attempt(1, Phase::kFinished);
    enter(record, wire::Retraction{job_id(1), 1, wire::RetractReason::kSuperseded});
    CHECK(record.attempts.at(1).phase == Phase::kFinished);
    CHECK(decide(assignment(1, 1), record, idle()).decision == AssignmentDecision::kIgnore);
}

TEST_CASE("without room an assignment comes again later, but what is known is answered at once") {
    auto busy = idle();
    busy.active = 1;
    CHECK(decide(assignment(1, 1), std::nullopt, busy).decision == AssignmentDecision::kDefer);
    CHECK(decide(assignment(1, 1), with_attempt(1, Phase::kFinished), busy).decision ==
          AssignmentDecision::kRepublish);
}

TEST_CASE("beside another agent with the same key no new work is taken; what is known is answered") {
    auto twin = idle();
    twin.twin = true;
    CHECK(decide(assignment(1, 1), std::nullopt, twin).decision == AssignmentDecision::kDefer);
    CHECK(decide(assignment(1, 2), with_attempt(1, Phase::kFinished), twin).decision ==
          AssignmentDecision::kDefer);
    CHECK(decide(assignment(1, 1), with_attempt(1, Phase::kFinished), twin).decision ==
          AssignmentDecision::kRepublish);
}

TEST_CASE("a job of another chain or contract goes back to the bus, and the setting is named") {
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
    SECTION("also when its image name is impossible: the verdict would be signed for the wrong chain") {
        foreign.chain_id = ChainId{56};
        foreign.docker_image = "Lamda/X";
        setting = "BSC_CHAIN_ID";
    }
    const auto verdict = decide(foreign, std::nullopt, idle());
    CHECK(verdict.decision == AssignmentDecision::kReturn);
    CHECK(verdict.reason.find(setting) != std::string::npos);
    CHECK(decide(foreign, retracted_through(1), idle()).decision == AssignmentDecision::kIgnore);
}

TEST_CASE("a job of this chain and contract is accepted; one that names no contract as well") {
    auto own = assignment(1, 1);
    CHECK(decide(own, std::nullopt, idle()).decision == AssignmentDecision::kAccept);
    own.job_manager = address(0x11);
    CHECK(decide(own, std::nullopt, idle()).decision == AssignmentDecision::kAccept);
}

TEST_CASE("an image name that no engine takes is refused at once, by name") {
    for (const auto* name : {"Lamda/X", "busybox:", "a b", "https://hub.docker.com/x", "-x", ""}) {
        INFO(name);
        auto job = assignment(1, 1);
        job.docker_image = name;
        auto self = idle();
        self.active = self.capacity;  // a refusal needs no room
        const auto verdict = decide(job, std::nullopt, self);
        CHECK(verdict.decision == AssignmentDecision::kRefuse);
        CHECK(verdict.reason.starts_with("the image name can never work: "));
    }
    auto job = assignment(1, 1);
    job.docker_image = "ghcr.io/lamda/tool:1.0";
    CHECK(decide(job, std::nullopt, idle()).decision == AssignmentDecision::kAccept);
}

TEST_CASE("only the highest attempt stays at work") {
    auto record = with_attempt(1, Phase::kStarted);
    record.attempts.at(1).outbox.push_back({1, wire::StatusKind::kAccepted, "{}"});
    enter(record, assignment(1, 3), start_of_time());
    CHECK(record.attempts.at(1).phase == Phase::kVoid);
    CHECK(record.attempts.at(1).outbox.empty());
    CHECK(record.attempts.at(3).active());
    CHECK(record.highest() == 3);
}

TEST_CASE("a retraction never lowers what is void") {
    JobRecord record = retracted_through(4);
    enter(record, wire::Retraction{job_id(1), 2, wire::RetractReason::kCancelled});
    CHECK(record.void_through == 4);
}

TEST_CASE("how a container's end is judged") {
    wire::Requirements requirements;
    requirements.disk_mib = 1;
    requirements.memory_mib = 64;
    requirements.time_limit_seconds = 10;
    const auto code = [&](std::int32_t exit_code, bool oom, bool overran, std::uint64_t bytes,
                          bool lost = false) {
        return judge({exit_code, oom, overran, {bytes, 0, 0}, lost}, requirements).error;
    };
    constexpr std::uint64_t kMib = 1ULL << 20;
    using wire::ErrorCode;
    CHECK(code(0, false, false, 0) == std::nullopt);
    CHECK(code(0, true, false, 0) == std::nullopt);  // a child was killed, the job went on and succeeded
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
    CHECK(judge({3, false, false, {}, false}, requirements).message == "exit code 3");
}

TEST_CASE("wherever a job writes, it counts, and it is told where") {
    wire::Requirements requirements;
    requirements.disk_mib = 1;
    constexpr std::uint64_t kMib = 1ULL << 20;
    const auto code = [&](const Written& written, std::int32_t exit_code = 0) {
        return judge({exit_code, false, false, written, false}, requirements).error;
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
    CHECK(code(full, 1) == ErrorCode::kOutputTooLarge);  // it could not write any more, and said so
    CHECK(judge({0, false, false, {1, kMib, 2}, false}, requirements).message ==
          "the job wrote at least 1048579 bytes, 1 MiB are allowed: 1 to /output, 1048576 elsewhere in its "
          "file system, "
          "2 in volumes of its image");
}
