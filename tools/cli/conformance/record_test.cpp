#include "tools/cli/conformance/record.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::cli::conformance;
using wire::StatusKind;

namespace {

const auto kSigner =
    crypto::LocalSigner::from_hex("0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6")
        .value();
const Market kMarket{kSigner->address(), wire::market_domain(ChainId{97}, Address{})};
const Timestamp kNow = parse_rfc3339("2026-11-20T10:00:00Z").value();

wire::JobStatus status(std::uint32_t seq, StatusKind kind) {
    wire::JobStatus out;
    out.seq = seq;
    out.provider = kMarket.provider;
    out.status = kind;
    out.at = kNow;
    if (kind == StatusKind::kCompleted) {
        out.output_file_cid = "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354";
        out.exit_code = 0;
    }
    return wire::sign_status(std::move(out), kMarket.domain, *kSigner);
}

Record record_of(const std::vector<wire::JobStatus>& statuses) {
    Record out;
    for (const auto& one : statuses) {
        out.statuses.push_back(read_status(wire::to_json(one), kMarket));
    }
    return out;
}

SeenHeartbeat heartbeat(std::uint64_t seq, Millis at) {
    wire::Heartbeat out{kMarket.provider, seq, kNow, "test", 1, 0, "", std::nullopt};
    return read_heartbeat(wire::to_json(wire::sign_heartbeat(out, kMarket.domain, *kSigner)), kMarket,
                          Steady(at));
}

}  // namespace

TEST_CASE("an attempt with repetitions of the same bytes, and without numbers that were not sent, is right") {
    const auto end = status(5, StatusKind::kCompleted);
    const auto record =
        record_of({status(1, StatusKind::kAccepted), status(2, StatusKind::kRunning),
                   status(1, StatusKind::kAccepted), status(2, StatusKind::kRunning), end, end});
    CHECK_FALSE(status_form_fault(record));
    CHECK_FALSE(numbering_fault(record));
    CHECK_FALSE(course_fault(record));
    CHECK(finals_of(record, JobId{}, 1) == 2);
}

TEST_CASE("a status under another key is not well-formed") {
    auto forged = status(1, StatusKind::kAccepted);
    forged.seq = 2;
    CHECK(status_form_fault(record_of({forged})));
    Record unreadable;
    unreadable.statuses.push_back(read_status("{}", kMarket));
    CHECK(status_form_fault(unreadable));
    CHECK_FALSE(numbering_fault(unreadable));
}

TEST_CASE("a number that is used twice, falls, or does not start at 1 is a fault") {
    CHECK(numbering_fault(record_of({status(1, StatusKind::kAccepted), status(1, StatusKind::kRunning)})));
    CHECK(numbering_fault(record_of({status(2, StatusKind::kAccepted)})));
    CHECK(numbering_fault(record_of({status(1, StatusKind::kAccepted), status(3, StatusKind::kRunning),
                                     status(2, StatusKind::kRunning)})));
}

TEST_CASE("a second start, a status after the end, and an end without its result are faults") {
    CHECK(course_fault(record_of({status(1, StatusKind::kRunning), status(2, StatusKind::kAccepted)})));
    CHECK(course_fault(record_of({status(1, StatusKind::kCompleted), status(2, StatusKind::kCompleted)})));
    auto empty = status(1, StatusKind::kCompleted);
    empty.output_file_cid.reset();
    CHECK(course_fault(record_of({wire::sign_status(empty, kMarket.domain, *kSigner)})));
}

TEST_CASE("heartbeats rise and come at their pace") {
    Record record;
    CHECK(pace_fault(record, Millis(5)));
    record.heartbeats = {heartbeat(1, Millis(0)), heartbeat(2, Millis(5))};
    CHECK_FALSE(heartbeat_fault(record));
    CHECK_FALSE(pace_fault(record, Millis(5)));
    CHECK(pace_fault(record, Millis(4)));
    record.heartbeats.push_back(heartbeat(2, Millis(10)));
    CHECK(heartbeat_fault(record));
}

TEST_CASE("an answer to a delivery names stream, sequence and kind, with and without a domain") {
    const auto plain = read_answer("$JS.ACK.JOBS.0xab.1.42.7.1700000000000000000.0", "-NAK {\"delay\":1}");
    REQUIRE(plain);
    CHECK(plain->stream == "JOBS");
    CHECK(plain->sequence == 42);
    CHECK(plain->answer == Answer::kNak);
    const auto domain = read_answer("$JS.ACK.hub.hash.JOBS.0xab.1.42.7.1700000000000000000.0.token", "+TERM");
    REQUIRE(domain);
    CHECK(domain->stream == "JOBS");
    CHECK(domain->sequence == 42);
    CHECK(domain->answer == Answer::kTerm);
    CHECK(read_answer("$JS.ACK.JOBS.0xab.1.42.7.1700000000000000000.0", "")->answer == Answer::kAck);
    CHECK_FALSE(read_answer("$JS.ACK.JOBS.0xab.1.x.7.1700000000000000000.0", ""));
    CHECK_FALSE(read_answer("jobs.status.0xab", ""));
}
