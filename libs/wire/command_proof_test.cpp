// Authorization to set a job's status, and of the dispatcher's answer.
#include "wire/command_proof.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <map>

using namespace lamda;
using namespace lamda::wire;

namespace {

constexpr auto kToken = "operator-token";
const auto kNow = parse_rfc3339("2026-11-20T10:00:00Z").value();
const auto kJob = JobId::parse("0xfa5b88c98e54fb557c7a560a1913d5b961a60a1a9453b3d8d4f31c083b5fc220").value();

Command command() {
    return {"cancel-1", Command::SetStatus{kJob, "cancelled", "not needed"}};
}

std::string verify(const Command& command, std::string_view token = kToken, Timestamp now = kNow) {
    const auto verified = verify_command(command, token, now);
    return verified ? "" : verified.error().code;
}

}  // namespace

TEST_CASE("a command verifies with its token, and fails after a change of any field") {
    const auto good = prove_command(command(), kToken, kNow);
    CHECK(verify(good).empty());
    CHECK(verify(parse_command(to_json(good)).value()).empty());
    CHECK(verify(command()) == "no_proof");
    CHECK(verify(good, "operator-tokem") == "wrong_proof");
    CHECK(verify(good, "") == "wrong_proof");
    const auto set = [](Command& c) -> Command::SetStatus& { return std::get<Command::SetStatus>(c.what); };
    const std::map<std::string, std::function<void(Command&)>> changes{
        {"id", [](Command& c) { c.request_id += "0"; }},
        {"job", [&](Command& c) { set(c).job_id = {}; }},
        {"status", [&](Command& c) { set(c).status = "failed"; }},
        {"message", [&](Command& c) { set(c).error_message.clear(); }},
        {"kind", [](Command& c) { c.what = Command::AttachSpec{kJob, "{}", ""}; }},
        {"time", [](Command& c) { c.proof->at += Millis(1); }},
        {"code", [](Command& c) { c.proof->code.array()[31] ^= 1; }},
    };
    for (const auto& [what, change] : changes) {
        INFO(what);
        Command changed = good;
        change(changed);
        CHECK(verify(changed) == "wrong_proof");
    }
}

TEST_CASE("a command is valid for three days by either clock: clocks that are a day off cause no refusal") {
    constexpr Millis kDay = std::chrono::days(1);
    for (const auto gateway : {-kDay, Millis(0), kDay}) {
        for (const auto dispatcher : {-kDay, Millis(0), kDay}) {
            CHECK(
                verify(prove_command(command(), kToken, kNow + gateway), kToken, kNow + dispatcher).empty());
        }
    }
    const auto good = prove_command(command(), kToken, kNow);
    CHECK(verify(good, kToken, kNow + 4 * kDay) == "stale_command");
    CHECK(verify(good, kToken, kNow - 4 * kDay) == "stale_command");
}

TEST_CASE("an unchanged answer verifies, for its own command only") {
    const auto asked = prove_command(command(), kToken, kNow);
    const std::string text = R"({"v":1,"requestId":"cancel-1","status":"cancelled"})";
    const auto proven = prove_answer(text, asked, kToken);
    CHECK(answer_is_proven(proven, asked, kToken));
    CHECK_FALSE(answer_is_proven(text, asked, kToken));
    CHECK_FALSE(answer_is_proven(proven, asked, "operator-tokem"));
    CHECK_FALSE(answer_is_proven(proven, command(), kToken));
    CHECK_FALSE(answer_is_proven(proven, prove_command(command(), kToken, kNow + Millis(1)), kToken));
    auto changed = proven;
    changed.replace(changed.find("cancelled"), 9, "completed");
    CHECK_FALSE(answer_is_proven(changed, asked, kToken));
    for (const auto* noise : {"", "[]", "{", R"({"proof":1})", R"({"proof":"0x"})"}) {
        CHECK_FALSE(answer_is_proven(noise, asked, kToken));
    }
    // A command's own proof is not a proof of an answer.
    CHECK_FALSE(answer_is_proven(to_json(asked), asked, kToken));
}
