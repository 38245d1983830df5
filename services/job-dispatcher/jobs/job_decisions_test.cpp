// Tests of the decisions of the loops: loaded job, action, expected change. No database.
#include "services/job-dispatcher/jobs/job_decisions.hpp"

#include <catch2/catch.hpp>

#include "services/job-dispatcher/testing/job_rows.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using namespace lamda::dispatch::testing;
using wire::StatusKind;
using wire::WorkState;

namespace {

JobRow created_at(std::uint64_t block) {
    JobRow row = created();
    row.created_in.block.number = BlockNum{block};
    return row;
}

}  // namespace

TEST_CASE("a job is evaluated if its block is at or below the boundary") {
    struct Row {
        std::string name;
        EvaluationCase before;
        std::optional<WorkState> work;
        bool sent;
    };
    const std::vector<Row> rows{
        {"at the boundary", {{created_at(10), known()}, {}, true}, WorkState::kAssigned, true},
        {"above the boundary", {{created_at(11), known()}, {}, true}, {}, false},
        {"provider unknown", {{created_at(10), known()}, {}, false}, WorkState::kAwaitingProvider, false},
        {"no spec", {{created_at(10), {}}, {}, true}, WorkState::kAwaitingSpec, false},
        {"not a spec", {{created_at(10), {{}, "bad"}}, {}, true}, WorkState::kMismatched, false},
    };
    for (const auto& row : rows) {
        INFO(row.name);
        const auto write = decide_evaluation(row.before, BlockNum{10}, policy(), kNow);
        CHECK(write.present()->work_state == row.work);
        CHECK(write.send_attempt == row.sent);
        CHECK(write.nothing() == !row.work);
    }
}

TEST_CASE("a job with early statuses takes their state, and sends no attempt for finished work") {
    EvaluationCase before{{created_at(10), known()}, {}, true};
    before.early.statuses = {{status(StatusKind::kCompleted), "", true}};
    const auto write = decide_evaluation(before, BlockNum{10}, policy(), kNow);
    CHECK(write.present()->work_state == WorkState::kCompleted);
    CHECK_FALSE(write.send_attempt);
}

TEST_CASE("a due attempt is sent, or ends the job if its spec is lost") {
    const auto sent = decide_due_attempt({assigned(), known()}, policy(), kNow);
    CHECK(sent.send_attempt);
    CHECK(sent.entries.empty());
    CHECK(sent.spec.has_value());

    const auto lost = decide_due_attempt({assigned(), {}}, policy(), kNow);
    CHECK_FALSE(lost.send_attempt);
    CHECK(lost.present()->work_state == WorkState::kExpired);
}

TEST_CASE("silence ends the current attempt only") {
    const auto next = decide_silence({assigned(), known()}, {1, "no status"}, policy(), kNow);
    CHECK(next.send_attempt);
    CHECK(next.present()->attempt == 2);
    CHECK(next.retract == Retract{1, wire::RetractReason::kSuperseded});

    CHECK(decide_silence({assigned(), known()}, {2, "no status"}, policy(), kNow).nothing());

    const auto lost = decide_silence({assigned(), {}}, {1, "no status"}, policy(), kNow);
    CHECK(lost.present()->work_state == WorkState::kExpired);
}

TEST_CASE("SPEC_TTL changes only a job that still waits for its spec") {
    JobRow waiting = created();
    waiting.work_state = WorkState::kAwaitingSpec;
    CHECK(decide_spec_ttl({waiting, {}}, kNow).present()->work_state == WorkState::kExpired);
    CHECK(decide_spec_ttl({assigned(), known()}, kNow).nothing());
}
