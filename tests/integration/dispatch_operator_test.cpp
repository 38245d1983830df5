// Tests of the operator's commands to the dispatcher, and of forged ones.
#include "integration/dispatch_fixture.hpp"

using namespace lamda;
using namespace lamda::integration;

TEST_CASE(
    "the operator cancels a job: the agent is notified, the same request gets the same answer, an end is an "
    "end") {
    Dispatch market;
    const JobId id = market.order(70);
    market.start_with_provider();
    market.wait_status(id, "assigned");
    wire::Command command;
    command.request_id = "cancel-1";
    command.what = wire::Command::SetStatus{id, "cancelled", "not wanted any more"};
    const auto asked = wire::prove_command(command, market.kOperatorToken, SystemClock().now());
    const auto answer = market.ask(asked);
    CHECK(answer.at("status") == "cancelled");
    CHECK(market.ask(asked) == answer);
    CHECK(market.ask_as_operator(command).at("status") == "cancelled");  // repeated later
    CHECK(market.job_column(id, "error_message") == "not wanted any more");
    // One id is one command: another job or another status under the same id does not get its answer.
    wire::Command reused = command;
    reused.what = wire::Command::SetStatus{market.order(71), "cancelled", "not wanted any more"};
    CHECK(market.ask_as_operator(reused).at("code") == "key_reused");
    reused.what = wire::Command::SetStatus{id, "failed", "not wanted any more"};
    CHECK(market.ask_as_operator(reused).at("status") == 422);
    CHECK(market.take_retraction().reason == wire::RetractReason::kCancelled);

    command.request_id = "cancel-2";
    const auto refused = market.ask_as_operator(command);
    CHECK(refused.at("status") == 409);
    CHECK(refused.at("code") == "illegal_transition");
    CHECK(market.ask(wire::kJobsCommand, {{"v", 1}}).at("status") == 400);
}

TEST_CASE("a client of the bus cannot set a status without the operator's token") {
    Dispatch market;
    const JobId id = market.order(72);
    market.start_with_provider();
    market.wait_status(id, "assigned");
    const wire::Command command{"forged", wire::Command::SetStatus{id, "cancelled", "from the bus"}};
    const auto now = SystemClock().now();
    const auto proven = wire::prove_command(command, market.kOperatorToken, now);
    const auto expect_refused = [&](const wire::Command& what, const std::string& code) {
        INFO(wire::to_json(what));
        const auto answer = market.ask(what);
        CHECK(answer.at("status") == 403);
        CHECK(answer.at("code") == code);
        CHECK_FALSE(answer.contains("proof"));
    };
    expect_refused(command, "no_proof");
    expect_refused(wire::prove_command(command, "another-token", now), "wrong_proof");
    auto moved = proven;  // a proof for one job is not valid for another
    moved.what = wire::Command::SetStatus{market.order(73), "cancelled", "from the bus"};
    expect_refused(moved, "wrong_proof");
    constexpr Millis kDay = std::chrono::days(1);
    expect_refused(wire::prove_command(command, market.kOperatorToken, now - 4 * kDay), "stale_command");
    expect_refused(wire::prove_command(command, market.kOperatorToken, now + 4 * kDay), "stale_command");
    CHECK(market.job_column(id, "status") == "assigned");
    CHECK(market.count("dispatch.command") == 0);

    // A clock that is a day off is accepted; a recorded command gets its answer again, without a second
    // effect.
    const auto behind = wire::prove_command(command, market.kOperatorToken, now - kDay);
    const auto text = wire::to_json(behind);
    const auto answer = market.bus().request(wire::kJobsCommand, text, testkit::kCallTimeout);
    CHECK(wire::answer_is_proven(answer, behind, market.kOperatorToken));
    CHECK(market.job_column(id, "status") == "cancelled");
    const auto journal = market.count("dispatch.job_event");
    CHECK(market.bus().request(wire::kJobsCommand, text, testkit::kCallTimeout) == answer);
    CHECK(market.count("dispatch.job_event") == journal);
}

TEST_CASE("a dispatcher without the operator's token accepts no command to set a status") {
    Dispatch market;
    const JobId id = market.order(74);
    market.start_with_provider({{"OPERATOR_TOKEN", ""}});
    market.wait_status(id, "assigned");
    for (const auto* token : {"", "operator-token"}) {
        const wire::Command command{"forged", wire::Command::SetStatus{id, "cancelled", "from the bus"}};
        const auto answer = market.ask(wire::prove_command(command, token, SystemClock().now()));
        CHECK(answer.at("code") == "forbidden");
    }
    CHECK(market.job_column(id, "status") == "assigned");
}
