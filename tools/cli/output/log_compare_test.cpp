#include "tools/cli/output/log_compare.hpp"

#include <catch2/catch.hpp>

#include "contracts/job_manager.hpp"

using namespace lamda;
using namespace lamda::cli;
using Kind = Difference::Kind;

namespace {

LogEntry entry(std::uint64_t block, std::uint64_t index) {
    LogEntry out;
    out.block.number = BlockNum{block};
    out.block.hash.array()[0] = static_cast<std::uint8_t>(block);
    out.log_index = index;
    out.tx_hash.array()[0] = static_cast<std::uint8_t>(index + 1);
    out.kind = "created";
    out.subject = "0x01";
    out.body = "{}";
    return out;
}

}  // namespace

TEST_CASE("equal sides have no difference, also if both are empty") {
    CHECK(compare({}, {}).empty());
    CHECK(compare({entry(1, 0), entry(1, 1), entry(2, 0)}, {entry(1, 0), entry(1, 1), entry(2, 0)}).empty());
}

TEST_CASE("an entry that one side lacks is found at the start, between, at the end, and if all are missing") {
    const std::vector<LogEntry> all{entry(1, 0), entry(1, 1), entry(2, 0)};
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto rest = all;
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
        const auto missing = compare(all, rest);
        REQUIRE(missing.size() == 1);
        CHECK(missing[0].kind == Kind::kMissing);
        CHECK(missing[0].entry == all[i]);
        const auto surplus = compare(rest, all);
        REQUIRE(surplus.size() == 1);
        CHECK(surplus[0].kind == Kind::kSurplus);
        CHECK(surplus[0].entry == all[i]);
    }
    CHECK(compare(all, {}).size() == 3);
    CHECK(compare({}, all).size() == 3);
    // A replaced log gives two differences, in chain order.
    const auto moved = compare({entry(1, 0)}, {entry(1, 1)});
    REQUIRE(moved.size() == 2);
    CHECK(moved[0].kind == Kind::kMissing);
    CHECK(moved[1].kind == Kind::kSurplus);
}

TEST_CASE("a log with different content is reported field by field, with the journal's value") {
    const auto ours = entry(7, 3);
    for (const std::string field : {"block_hash", "tx_hash", "kind", "subject", "body"}) {
        auto theirs = ours;
        if (field == "block_hash") {
            theirs.block.hash.array()[5] = 9;
        } else if (field == "tx_hash") {
            theirs.tx_hash.array()[5] = 9;
        } else if (field == "kind") {
            theirs.kind = "claimed";
        } else if (field == "subject") {
            theirs.subject = "0x02";
        } else {
            theirs.body = R"({"amount":"1"})";
        }
        const auto found = compare({ours}, {theirs});
        REQUIRE(found.size() == 1);
        CHECK(found[0].kind == Kind::kDifferent);
        CHECK(found[0].entry == ours);
        CHECK(found[0].detail.starts_with(field + " (journal: "));
    }
}

TEST_CASE("a stream's logs become the entries that its service records; other logs are skipped") {
    CHECK(find_stream_kind("dispatcher:opbnb") == nullptr);
    const auto* kind = find_stream_kind("dispatcher:bsc");
    REQUIRE(kind != nullptr);
    contracts::job_manager::JobConfirmed event;
    event.job_id.array()[31] = 5;
    event.confirmed_at = 1'800'000'000;
    auto log = event.encode(Address{});
    log.block_num = BlockNum{9};
    log.log_index = 2;
    const auto made = kind->entry_of(log);
    REQUIRE(made.has_value());
    CHECK(made->kind == "confirmed");
    CHECK(made->subject == "0x" + std::string(63, '0') + "5");
    CHECK(made->block.number == BlockNum{9});
    CHECK(made->log_index == 2);
    log.topics[0].array()[0] ^= 1;
    CHECK_FALSE(kind->entry_of(log).has_value());
}

TEST_CASE("equal JSON values have equal text") {
    CHECK(canonical_body(R"({"b": "2", "a": "1"})") == canonical_body(R"({"a":"1","b":"2"})"));
}
