// Tests of the decision about a command: case before, command, expected answer and change. No database.
#include "services/job-dispatcher/bus/command_decision.hpp"

#include <catch2/catch.hpp>

#include "crypto/signer.hpp"
#include "services/job-dispatcher/testing/job_rows.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using namespace lamda::dispatch::testing;
using wire::ChainState;
using wire::Command;
using wire::WorkState;

namespace {

Command cancel(const std::string& request = "r1") {
    return {request, Command::SetStatus{created().id, "cancelled", ""}};
}

std::unique_ptr<crypto::LocalSigner> some_key(std::uint8_t last) {
    Bytes32 bytes;
    bytes.array()[31] = last;
    return crypto::LocalSigner::from_bytes(bytes.view()).value();
}

CommandCase found(std::optional<JobRow> row) {
    return {{}, policy(), std::move(row)};
}

JobRow confirmed() {
    JobRow row = assigned();
    row.chain_state = ChainState::kConfirmed;
    return row;
}

/// Returns `status code` of a refusal, or `done`.
std::string outcome(const CommandDecision& decision) {
    if (const auto* refusal = std::get_if<CommandRefusal>(&decision)) {
        return std::to_string(refusal->status) + " " + refusal->error.code;
    }
    return std::holds_alternative<RepeatedAnswer>(decision) ? "repeated" : "done";
}

}  // namespace

TEST_CASE("a command is executed, repeated or refused by its job and its request id") {
    const auto first = decide_command(found(assigned()), cancel(), kNow);
    REQUIRE(outcome(first) == "done");
    const auto& effect = std::get<CommandEffect>(first);
    CHECK(effect.write.present()->work_state == WorkState::kCancelled);
    CHECK(effect.write.retract.has_value());
    CHECK(effect.answer.answer.find(R"("status":"cancelled")") != std::string::npos);

    const StoredAnswer stored = effect.answer;
    const Command fail{"r1", Command::SetStatus{created().id, "failed", ""}};
    struct Row {
        std::string name;
        CommandCase before;
        Command action;
        std::string expected;
    };
    const std::vector<Row> rows{
        {"the same again", {stored, policy(), {}}, cancel(), "repeated"},
        {"stored by an older release", {StoredAnswer{"{}", {}}, policy(), {}}, fail, "repeated"},
        {"another command with the id", {stored, policy(), {}}, fail, "422 key_reused"},
        {"no chain yet", {{}, {}, assigned()}, cancel(), "503 not_ready"},
        {"unknown job", found({}), cancel(), "404 unknown_job"},
        {"confirmed on chain", found(confirmed()), cancel(), "409 illegal_transition"},
    };
    for (const auto& row : rows) {
        INFO(row.name);
        CHECK(outcome(decide_command(row.before, row.action, kNow)) == row.expected);
    }
}

TEST_CASE("a spec is attached if the job's renter has signed it and it agrees with the chain") {
    const auto key = some_key(1);
    auto renters_spec = spec();
    renters_spec.renter = key->address();
    JobRow row = created();
    row.renter = key->address();
    const auto attach = [&](const wire::JobSpec& what, const crypto::LocalSigner& signer) {
        const auto digest = wire::job_id_of(what);
        return Command{
            "a1", Command::AttachSpec{row.id, wire::canonical_json(what),
                                      signer.sign_digest(wire::attach_spec_digest(row.id, digest)).hex65()}};
    };
    const auto decide = [&](const Command& command) { return decide_command(found(row), command, kNow); };

    const auto decision = decide(attach(renters_spec, *key));
    REQUIRE(outcome(decision) == "done");
    const auto& effect = std::get<CommandEffect>(decision);
    CHECK(effect.write.nothing());
    REQUIRE(effect.spec.has_value());
    CHECK(effect.spec->attached.spec_id == wire::job_id_of(renters_spec));

    CHECK(outcome(decide(attach(renters_spec, *some_key(2)))) == "403 not_the_renter");
    auto another = renters_spec;
    another.provider = address(7);
    CHECK(outcome(decide(attach(another, *key))) == "409 spec_contradicts");
    Command bad = attach(renters_spec, *key);
    std::get<Command::AttachSpec>(bad.what).signature = "0x12";
    CHECK(outcome(decide(bad)) == "400 invalid_signature");
    std::get<Command::AttachSpec>(bad.what).spec_json = "{}";
    CHECK(outcome(decide(bad)).starts_with("400 "));
    row.work_state = WorkState::kAssigned;
    CHECK(outcome(decide(attach(renters_spec, *key))) == "409 illegal_transition");
}
