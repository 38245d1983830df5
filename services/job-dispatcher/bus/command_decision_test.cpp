// Tests of the decision about a command: case before, command, expected answer and change. No database.
#include "services/job-dispatcher/bus/command_decision.hpp"

#include <catch2/catch.hpp>

#include "crypto/signer.hpp"
#include "services/job-dispatcher/testing/job_rows.hpp"
#include "wire/documents/cancellation.hpp"

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

namespace {

const crypto::LocalSigner& renter_key() {
    static const auto key = some_key(1);
    return *key;
}

JobRow rented(JobRow row) {
    row.renter = renter_key().address();
    return row;
}

JobRow in_state(std::optional<WorkState> work, ChainState chain = ChainState::kCreated) {
    JobRow row = rented(assigned());
    row.work_state = work;
    row.chain_state = chain;
    return row;
}

Command by_renter(const crypto::Signer& signer = renter_key(), const JobId& job = created().id,
                  std::chrono::seconds valid_for = std::chrono::minutes(10), ChainId chain = ChainId{97}) {
    const auto expires = (kNow + valid_for).time_since_epoch() / std::chrono::seconds(1);
    return {"c1", wire::sign_cancellation(job, static_cast<std::uint64_t>(expires),
                                          wire::market_domain(chain, policy().job_manager), signer)};
}

Command by_operator() {
    return {"c2", Command::CancelJob{created().id, {}}};
}

std::string decided(const JobRow& row, const Command& command) {
    return outcome(decide_command(found(row), command, kNow));
}

}  // namespace

TEST_CASE("a job is cancelled by its renter or the operator, with the reason in its journal") {
    for (const auto work : {WorkState::kAwaitingSpec, WorkState::kAwaitingProvider, WorkState::kMismatched,
                            WorkState::kAssigned, WorkState::kAccepted, WorkState::kRunning}) {
        INFO(wire::to_string(work));
        const auto decision = decide_command(found(in_state(work)), by_renter(), kNow);
        REQUIRE(outcome(decision) == "done");
        const auto& effect = std::get<CommandEffect>(decision);
        CHECK(effect.write.present()->work_state == WorkState::kCancelled);
        CHECK(effect.write.present()->error_message == "cancelled by its renter");
        const bool sent =
            work == WorkState::kAssigned || work == WorkState::kAccepted || work == WorkState::kRunning;
        CHECK(effect.write.retract.has_value() == sent);
        CHECK(effect.answer.answer.find(R"("code":"held_no_refund")") != std::string::npos);
        CHECK(effect.answer.answer.find(R"("reason":"cancelled by its renter")") != std::string::npos);
    }
    const auto operators = decide_command(found(in_state(WorkState::kRunning)), by_operator(), kNow);
    REQUIRE(outcome(operators) == "done");
    CHECK(std::get<CommandEffect>(operators).write.present()->error_message == "cancelled by the operator");
    const auto orphaned =
        decide_command(found(in_state(WorkState::kAssigned, ChainState::kAbsent)), by_renter(), kNow);
    REQUIRE(outcome(orphaned) == "done");
    CHECK(std::get<CommandEffect>(orphaned).answer.answer.find("not_on_chain") != std::string::npos);
}

TEST_CASE("a cancelled job is cancelled again without an effect, with its first reason") {
    auto row = in_state(WorkState::kCancelled);
    row.error_message = "cancelled by its renter";
    for (const auto& command : {by_renter(), by_operator()}) {
        const auto decision = decide_command(found(row), command, kNow);
        REQUIRE(outcome(decision) == "repeated");  // nothing is saved, and no answer either
        CHECK(std::get<RepeatedAnswer>(decision).answer.find(R"("reason":"cancelled by its renter")") !=
              std::string::npos);
    }
    // The stored answer to this signature stands, whatever the job and the clock are by now.
    const auto first = decide_command(found(in_state(WorkState::kRunning)), by_renter(), kNow);
    const auto stored = std::get<CommandEffect>(first).answer;
    const CommandCase later{stored, policy(), in_state(WorkState::kCancelled, ChainState::kPaid)};
    const auto repeated = decide_command(later, by_renter(), kNow + std::chrono::hours(24 * 6));
    CHECK(std::get<RepeatedAnswer>(repeated).answer == stored.answer);
}

TEST_CASE("a job with a result, or not final yet, is not cancelled, and the refusal names its state") {
    struct Row {
        JobRow before;
        std::string expected;
        wire::PublicStatus named;
    };
    using wire::PublicStatus;
    const std::vector<Row> rows{
        {in_state(WorkState::kCompleted), "409 illegal_transition", PublicStatus::kCompleted},
        {in_state(WorkState::kFailed), "409 illegal_transition", PublicStatus::kFailed},
        {in_state(WorkState::kExpired), "409 illegal_transition", PublicStatus::kExpired},
        {in_state(WorkState::kRunning, ChainState::kConfirmed), "409 illegal_transition",
         PublicStatus::kConfirmed},
        {in_state(WorkState::kCancelled, ChainState::kPaid), "409 illegal_transition", PublicStatus::kPaid},
        {in_state({}), "409 not_final", PublicStatus::kCreated},
        {in_state({}, ChainState::kAbsent), "409 not_final", PublicStatus::kRetracted},
    };
    for (const auto& row : rows) {
        for (const auto& command : {by_renter(), by_operator()}) {
            INFO(wire::to_string(row.named));
            const auto decision = decide_command(found(row.before), command, kNow);
            REQUIRE(outcome(decision) == row.expected);
            CHECK(std::get<CommandRefusal>(decision).job == row.named);
        }
    }
    CHECK(outcome(decide_command(found({}), by_renter(), kNow)) == "404 unknown_job");
    CHECK(outcome(decide_command({{}, {}, rented(assigned())}, by_renter(), kNow)) == "503 not_ready");
}

TEST_CASE("only the job's renter cancels it by a signature, in time, for this job and chain") {
    using std::chrono::seconds;
    const JobRow row = in_state(WorkState::kRunning);
    JobId other = created().id;
    other.array()[0] ^= 1;
    CHECK(decided(row, by_renter(*some_key(2))) == "403 not_the_renter");
    CHECK(decided(row, by_renter(renter_key(), row.id, seconds(-1))) == "403 expired");
    CHECK(decided(row, by_renter(renter_key(), row.id, std::chrono::hours(73))) == "403 expires_too_late");
    CHECK(decided(row, by_renter(renter_key(), row.id, seconds(60), ChainId{56})) == "403 not_the_renter");
    auto replay = by_renter(renter_key(), other);
    std::get<Command::CancelJob>(replay.what).job_id = row.id;
    CHECK(decided(row, replay) == "403 not_the_renter");
    CHECK(decided(in_state(WorkState::kCancelled), by_renter(*some_key(2))) == "403 not_the_renter");
    CHECK(decided(in_state(WorkState::kCompleted), by_renter(*some_key(2))) == "403 not_the_renter");
}
