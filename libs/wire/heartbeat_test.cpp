// Authenticity and order of heartbeats.
#include <catch2/catch.hpp>
#include <functional>
#include <map>

#include "crypto/digest.hpp"
#include "wire/heartbeat_check.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::wire;

namespace {

const auto kDomain =
    market_domain(ChainId{97}, Address::parse("0xd9264b533dd53198c7ae345c6afe8ef054303b53").value());
const auto kNow = parse_rfc3339("2026-11-20T10:00:00Z").value();

std::unique_ptr<crypto::LocalSigner> key(std::uint8_t number) {
    return crypto::LocalSigner::from_hex(std::string(63, '0') + std::to_string(number)).value();
}

std::uint64_t seq_at(Timestamp time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

Heartbeat heartbeat(std::uint64_t seq = seq_at(kNow)) {
    return {key(1)->address(), seq, kNow, "0.1.0", 2, 1, "3f9a0c5e7b1d4a2f", std::nullopt};
}

std::string code_of(const Status& status) {
    return status ? "" : status.error().code;
}

std::string check(const Heartbeat& heartbeat, std::uint64_t newest = 0, Timestamp now = kNow) {
    return code_of(check_heartbeat(heartbeat, newest, kDomain, now));
}

}  // namespace

TEST_CASE("a heartbeat verifies under its provider's key, chain and contract, and fails after any change") {
    const auto good = sign_heartbeat(heartbeat(), kDomain, *key(1));
    REQUIRE(verify_heartbeat(good, kDomain));
    const std::map<std::string, std::function<void(Heartbeat&)>> changes{
        {"provider", [](Heartbeat& h) { h.provider = key(2)->address(); }},
        {"seq", [](Heartbeat& h) { ++h.seq; }},
        {"at", [](Heartbeat& h) { h.at += Millis(1); }},
        {"version", [](Heartbeat& h) { h.agent_version += "0"; }},
        {"capacity", [](Heartbeat& h) { ++h.capacity; }},
        {"running", [](Heartbeat& h) { ++h.running; }},
        {"instance", [](Heartbeat& h) { h.instance.clear(); }},
        {"no signature", [](Heartbeat& h) { h.signature.reset(); }},
        {"signature", [](Heartbeat& h) { h.signature->recovery_id ^= 1; }},
    };
    for (const auto& [what, change] : changes) {
        INFO(what);
        auto changed = good;
        change(changed);
        CHECK(code_of(verify_heartbeat(changed, kDomain)) == "invalid_signature");
    }
    CHECK_FALSE(verify_heartbeat(sign_heartbeat(heartbeat(), kDomain, *key(2)), kDomain));
    CHECK_FALSE(verify_heartbeat(good, market_domain(ChainId{56}, kDomain.verifying_contract)));
    CHECK_FALSE(verify_heartbeat(good, market_domain(ChainId{97}, key(1)->address())));
    CHECK(parse_heartbeat(to_json(good)).value() == good);
}

TEST_CASE("a notice verifies with its heartbeat's number and provider only, and the heartbeat without it") {
    const auto good =
        sign_notice(sign_heartbeat(heartbeat(), kDomain, *key(1)), "{\"draining\":true}", kDomain, *key(1));
    REQUIRE(verify_notice(good, kDomain));
    CHECK(verify_heartbeat(good, kDomain));
    CHECK(parse_heartbeat(to_json(good)).value() == good);
    const std::map<std::string, std::function<void(Heartbeat&)>> changes{
        {"provider", [](Heartbeat& h) { h.provider = key(2)->address(); }},
        {"seq", [](Heartbeat& h) { ++h.seq; }},
        {"text", [](Heartbeat& h) { h.notice->text += " "; }},
        {"signature", [](Heartbeat& h) { h.notice->signature = h.signature.value(); }},
        {"no notice", [](Heartbeat& h) { h.notice.reset(); }},
    };
    for (const auto& [what, change] : changes) {
        INFO(what);
        auto changed = good;
        change(changed);
        CHECK(code_of(verify_notice(changed, kDomain)) == "invalid_signature");
    }
    CHECK_FALSE(verify_notice(good, market_domain(ChainId{56}, kDomain.verifying_contract)));
    auto long_one = good;
    long_one.notice->text.assign(kMostNoticeBytes + 1, ' ');
    CHECK(parse_heartbeat(to_json(long_one)).error().where == "/notice");
}

TEST_CASE("the signature of a status is not valid for a heartbeat, and vice versa") {
    JobStatus status;
    status.provider = key(1)->address();
    status = sign_status(status, kDomain, *key(1));
    auto beat = sign_heartbeat(heartbeat(), kDomain, *key(1));
    std::swap(status.signature, beat.signature);
    CHECK_FALSE(verify_status(status, kDomain));
    CHECK_FALSE(verify_heartbeat(beat, kDomain));
}

TEST_CASE("a heartbeat is accepted once, and no earlier one after it") {
    const auto beat = sign_heartbeat(heartbeat(10), kDomain, *key(1));
    CHECK(check(beat).empty());
    CHECK(check(beat, 9).empty());
    CHECK(check(beat, 10) == "replayed");
    CHECK(check(beat, 11) == "replayed");
    CHECK(check(heartbeat(10), 9) == "invalid_signature");
}

TEST_CASE("clocks that are a day off cause no refusal; a far wrong clock is refused only while it is wrong") {
    const auto day = Millis(std::chrono::days(1));
    for (const auto agent : {-day, Millis(0), day}) {
        for (const auto reader : {-day, Millis(0), day}) {
            const auto beat = sign_heartbeat(heartbeat(seq_at(kNow + agent)), kDomain, *key(1));
            CHECK(check(beat, 0, kNow + reader).empty());
        }
    }
    const auto years = Millis(std::chrono::days(4'000));
    CHECK(check(sign_heartbeat(heartbeat(seq_at(kNow + years)), kDomain, *key(1))) == "too_far_ahead");
    CHECK(check(sign_heartbeat(heartbeat(seq_at(kNow - years)), kDomain, *key(1))).empty());
}

TEST_CASE("a heartbeat is accepted on its own provider's subject only") {
    const auto text = to_json(sign_heartbeat(heartbeat(), kDomain, *key(1)));
    CHECK(read_heartbeat(heartbeat_subject(key(1)->address()), text).value().seq == seq_at(kNow));
    CHECK(read_heartbeat(heartbeat_subject(key(2)->address()), text).error().code == "another_provider");
    CHECK(read_heartbeat("nodes.heartbeat.nobody", text).error().code == "invalid_subject");
    CHECK(read_heartbeat(heartbeat_subject(key(1)->address()), "{").error().code == "invalid_json");
}
