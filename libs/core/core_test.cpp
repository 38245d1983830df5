#include <catch2/catch.hpp>
#include <limits>

#include "core/cid.hpp"
#include "core/clock.hpp"
#include "core/deadline.hpp"
#include "core/duration.hpp"
#include "core/ids.hpp"
#include "core/u256.hpp"
#include "core/wakeup.hpp"

using namespace lamda;

TEST_CASE("hex: round trip, and refused input") {
    CHECK(to_hex(Bytes{0x00, 0xab, 0xff}) == "0x00abff");
    CHECK(from_hex("0x00ABff").value() == Bytes{0x00, 0xab, 0xff});
    CHECK(from_hex("").value().empty());
    CHECK(from_hex("0x0").error().code == "invalid_hex");
    CHECK(from_hex("0x0g").error().message.find("offset 1") != std::string::npos);
}

TEST_CASE("identifiers: parsed from any case, printed in lowercase, refused entirely") {
    const auto a = Address::parse("0xD9264B533DD53198C7AE345C6AFE8EF054303B53");
    REQUIRE(a);
    CHECK(a->hex() == "0xd9264b533dd53198c7ae345c6afe8ef054303b53");
    CHECK(Address::parse("d9264b533dd53198c7ae345c6afe8ef054303b53").error().code == "invalid_address");
    CHECK(Address::parse("0xd9264b533dd53198c7ae345c6afe8ef054303b5").error().code == "invalid_address");
    CHECK(JobId::parse("0x12").error().code == "invalid_job_id");
    CHECK(JobId::from_bytes(Bytes(31)).error().code == "invalid_length");
    CHECK(random_bytes32() != random_bytes32());
}

TEST_CASE("U256: decimal, quantity, big-endian") {
    const std::string most = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    CHECK(to_decimal(*u256_from_decimal(most)) == most);
    CHECK_FALSE(
        u256_from_decimal("115792089237316195423570985008687907853269984665640564039457584007913129639936"));
    CHECK_FALSE(u256_from_decimal("01"));
    CHECK_FALSE(u256_from_decimal("-1"));
    CHECK_FALSE(u256_from_decimal(""));
    CHECK(to_quantity(U256(0)) == "0x0");
    CHECK(to_quantity(U256(1024)) == "0x400");
    CHECK(*u256_from_quantity("0x400") == 1024);
    CHECK(*u256_from_quantity("0x41") == 65);
    CHECK_FALSE(u256_from_quantity("0x"));
    CHECK_FALSE(u256_from_quantity("400"));
    CHECK(to_be_minimal(U256(0)).empty());
    CHECK(to_be_minimal(U256(1024)) == Bytes{4, 0});
    CHECK(to_be32(U256(1024))[30] == 4);
    CHECK(*to_u64(U256(7)) == 7);
    CHECK(to_u64(U256(std::numeric_limits<std::uint64_t>::max()) + 1).error().code == "out_of_range");
}

TEST_CASE("CID: the forms of one block are equal, others are refused with a reason") {
    const auto cid = Cid::parse("bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pku");
    REQUIRE(cid);
    CHECK(cid->codec() == CidCodec::kRaw);
    CHECK(cid->to_string() == "bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pku");
    CHECK(*Cid::parse("f" + to_hex_bare(cid->bytes())) == *cid);
    // The empty UnixFS directory, version 0 and 1.
    const auto v0 = Cid::parse("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn");
    REQUIRE(v0);
    CHECK(v0->to_string() == "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354");
    CHECK(Cid::parse("").error().code == "invalid_cid");
    CHECK(Cid::parse("QmX...abc123").error().code == "invalid_cid");
    CHECK(Cid::parse("bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pk1").error().code ==
          "invalid_cid");
    CHECK(Cid::parse("bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pkv").error().code ==
          "invalid_cid");
}

TEST_CASE("time: RFC 3339 round trip") {
    const auto at = parse_rfc3339("2026-02-28T23:59:59.123Z");
    REQUIRE(at);
    CHECK(to_rfc3339(*at) == "2026-02-28T23:59:59.123Z");
    CHECK(to_rfc3339(*parse_rfc3339("2026-03-01T01:00:00+01:00")) == "2026-03-01T00:00:00.000Z");
    CHECK(to_rfc3339(from_unix_seconds(0)) == "1970-01-01T00:00:00.000Z");
    for (auto text : {"", "2026-02-30T00:00:00Z", "2026-02-28 00:00:00Z", "2026-02-28T00:00:00",
                      "2026-02-28T24:00:00Z", "2026-02-28T00:00:00.Z", "2026-02-28T00:00:00Zx"}) {
        CHECK(parse_rfc3339(text).error().code == "invalid_time");
    }
}

TEST_CASE("durations") {
    CHECK(*parse_duration("500ms") == Millis(500));
    CHECK(*parse_duration("10s") == Millis(10'000));
    CHECK(*parse_duration("24h") == Millis(86'400'000));
    CHECK(to_string(Millis(90'000)) == "90s");
    CHECK(to_string(Millis(300'000)) == "5m");
    CHECK(to_string(Millis(0)) == "0s");
    for (auto text : {"", "10", "s", "-1s", "1d", "1.5s", "9223372036854775807h"}) {
        CHECK(parse_duration(text).error().code == "invalid_duration");
    }
}

TEST_CASE("FakeClock moves only on request") {
    FakeClock clock(from_unix_seconds(100));
    const auto before = clock.steady();
    clock.advance(Millis(1500));
    CHECK(clock.now() == from_unix_seconds(100) + Millis(1500));
    CHECK(clock.steady() - before == Millis(1500));
}

TEST_CASE("a wakeup ends the wait that follows it, once, and a stop ends every wait") {
    Wakeup wakeup;
    std::stop_source stop;
    wakeup.wake();
    CHECK(wakeup.wait(stop.get_token(), std::chrono::hours(1)));  // would hang
    CHECK(wakeup.wait(stop.get_token(), Millis(1)));
    std::jthread other([&] { wakeup.wake(); });
    CHECK(wakeup.wait(stop.get_token(), std::chrono::hours(1)));
    stop.request_stop();
    CHECK_FALSE(wakeup.wait(stop.get_token(), std::chrono::hours(1)));
}

TEST_CASE("a deadline has passed exactly if no time is left") {
    FakeClock clock(from_unix_seconds(100));
    const Deadline deadline(clock, Millis(1500));
    CHECK(deadline.left() == Millis(1500));
    clock.step(Millis(60'000));  // the wall clock alone
    clock.advance(Millis(1499));
    CHECK(deadline.left() == Millis(1));
    CHECK_FALSE(deadline.passed());
    clock.advance(Millis(1));
    CHECK(deadline.left() == Millis(0));
    CHECK(deadline.passed());
    clock.advance(Millis(60'000));
    CHECK(deadline.left() == Millis(0));
    CHECK(Deadline(clock, Millis(0)).passed());
}
