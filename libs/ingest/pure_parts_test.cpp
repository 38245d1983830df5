// Pure parts: finality, pacing, range sizes, checks of logs.
#include <catch2/catch.hpp>

#include "ingest/detail/finality.hpp"
#include "ingest/proof/detail/log_check.hpp"
#include "rpcpool/pacing.hpp"
#include "rpcpool/range_window.hpp"

using namespace lamda;
using namespace lamda::ingest;

namespace {
eth::Header block(std::uint64_t number, std::uint64_t timestamp) {
    eth::Header header;
    header.number = {number};
    header.timestamp = timestamp;
    return header;
}
const Address kContract = *Address::parse("0x1000000000000000000000000000000000000001");
}  // namespace

TEST_CASE("finality is parsed from a tag or a duration") {
    CHECK(parse_finality("latest")->kind == FinalityRule::Kind::kLatest);
    CHECK(parse_finality("safe")->kind == FinalityRule::Kind::kSafe);
    CHECK(parse_finality("finalized")->kind == FinalityRule::Kind::kFinalized);
    CHECK(parse_finality("10s")->depth == Millis(10'000));
    CHECK(parse_finality("soon").error().code == "invalid_finality");
    CHECK(parse_finality("").error().code == "invalid_finality");
}

TEST_CASE("a tag is accepted while its block is recent") {
    FinalityRule rule;
    rule.max_age = Millis(60'000);
    FinalityReading reading{block(100, 1000), std::nullopt, block(90, 990), from_unix_seconds(1000)};
    CHECK(judge_finality(rule, reading).boundary->number == BlockNum{90});
    reading.now = from_unix_seconds(1051);
    CHECK_FALSE(judge_finality(rule, reading).boundary);
    CHECK_FALSE(judge_finality(rule, reading).depth);
    CHECK(judge_finality(rule, reading).last_error.find("block 90 is 61s old") != std::string::npos);
    rule.fallback = Millis(30'000);
    CHECK(judge_finality(rule, reading).depth == Millis(30'000));
    reading.finalized.reset();
    CHECK(judge_finality(rule, reading).last_error == "the node names no finalized block");
}

TEST_CASE("safe never waits for longer than finalized") {
    FinalityRule rule;
    rule.kind = FinalityRule::Kind::kSafe;
    FinalityReading reading{block(100, 1000), block(95, 995), block(90, 990), from_unix_seconds(1000)};
    CHECK(judge_finality(rule, reading).boundary->number == BlockNum{95});
    reading.safe = block(80, 980);
    CHECK(judge_finality(rule, reading).boundary->number == BlockNum{90});
    reading.safe.reset();
    CHECK(judge_finality(rule, reading).boundary->number == BlockNum{90});
}

TEST_CASE("a depth in time is found in headers, whatever the estimate of the interval") {
    // Blocks 0.45 s apart, timestamps in whole seconds.
    const auto at = [](BlockNum n) { return std::optional(block(n.value, 1'000 + n.value * 45 / 100)); };
    const auto head = *at({10'000});
    for (const int interval : {1, 100, 450, 1'000, 12'000}) {
        const auto found = *block_at_depth(head, Millis(60'000), Millis(interval), at);
        INFO("interval " << interval << " gives block " << found.number.value);
        CHECK(head.timestamp - found.timestamp >= 60);
    }
    const auto found = *block_at_depth(head, Millis(60'000), Millis(450), at);
    CHECK(head.timestamp - found.timestamp <= 62);
    CHECK(block_at_depth(head, Millis(3'600'000 * 24), Millis(450), at).value().number == BlockNum{0});
    CHECK_FALSE(block_at_depth(head, Millis(1'000), Millis(450), [](BlockNum) { return std::nullopt; }));
}

TEST_CASE("the block interval is measured over many blocks, and follows a change") {
    rpcpool::BlockInterval interval;
    for (std::uint64_t n = 0; n < 300; ++n) {
        interval.observe({n}, 1'000 + n * 45 / 100);
    }
    CHECK(interval.get().count() == Approx(450).epsilon(0.02));
    for (std::uint64_t n = 0; n < 3'000; ++n) {
        interval.observe({300 + n}, 1'135 + n / 4);
    }
    CHECK(interval.get().count() == Approx(250).epsilon(0.02));
}

TEST_CASE("the pace follows the blocks: about one read for each block") {
    for (const int interval : {250, 450, 1'500}) {
        rpcpool::Pacer pacer;
        double now = 0;
        double next_block = interval;
        int reads = 0;
        int blocks = 0;
        double latency = 0;
        for (; blocks < 400; ++reads) {
            const bool found = now >= next_block;
            if (found) {
                latency += now - next_block;
                while (next_block <= now) {
                    next_block += interval;
                    ++blocks;
                }
            }
            now += static_cast<double>(
                (found ? pacer.after_new_block(Millis(interval)) : pacer.after_nothing(Millis(interval)))
                    .count());
        }
        INFO("interval " << interval << ": " << reads << " reads, mean latency " << latency / blocks
                         << " ms");
        CHECK(reads < 2 * blocks);
        CHECK(latency / blocks < interval / 4.0);
    }
    rpcpool::Pacer pacer;
    CHECK(pacer.after_nothing(Millis(1)) == rpcpool::kShortestPause);
    CHECK(pacer.after_new_block(Millis(60'000)) == rpcpool::kLongestPause);
}

TEST_CASE("a range grows fast until the first failure, and slowly after it") {
    rpcpool::RangeWindow window;
    CHECK(window.size() == rpcpool::RangeWindow::kFirst);
    CHECK(window.limit() == 0);
    for (int i = 0; i < 3; ++i) {
        window.answered(window.size(), 100);
    }
    CHECK(window.size() == rpcpool::RangeWindow::kFirst * 64);
    window.answered(10, 100);  // a smaller range than allowed shows no limit
    CHECK(window.size() == rpcpool::RangeWindow::kFirst * 64);
    window.failed(window.size());
    CHECK(window.size() == rpcpool::RangeWindow::kFirst * 32);
    CHECK(window.limit() == window.size());
    const auto learned = window.size();
    for (int i = 0; i < 7; ++i) {
        window.answered(window.size(), 100);
    }
    CHECK(window.size() == learned);
    window.answered(window.size(), 100);
    CHECK(window.size() == learned * 5 / 4);
    for (int i = 0; i < 40; ++i) {
        window.failed(window.size());
    }
    CHECK(window.size() == 1);

    rpcpool::RangeWindow recalled;
    recalled.recall(500);
    CHECK(recalled.size() == 500);
    CHECK(recalled.limit() == 500);
}

TEST_CASE("a range follows the size of answers") {
    rpcpool::RangeWindow window;
    window.answered(window.size(), 4 * rpcpool::RangeWindow::kBytesWanted);
    CHECK(window.size() == rpcpool::RangeWindow::kFirst / 4);
    CHECK(window.limit() == 0);  // a large answer is no failure
    window.answered(window.size(), rpcpool::RangeWindow::kBytesWanted / 2);
    CHECK(window.size() == rpcpool::RangeWindow::kFirst / 2);
    rpcpool::RangeWindow sparse;
    for (int i = 0; i < 30; ++i) {
        sparse.answered(sparse.size(), 0);
    }
    CHECK(sparse.size() == rpcpool::RangeWindow::kMost);
}

TEST_CASE("an answer with logs that were not requested is refused") {
    eth::LogFilter filter;
    filter.addresses = {kContract};
    eth::Log log;
    log.address = kContract;
    log.block_num = {5};
    const auto refused = [&](std::vector<eth::Log> logs) {
        return sort_and_check(logs, BlockNum{4}, BlockNum{6}, filter).has_value();
    };
    CHECK_FALSE(refused({log}));
    auto bad = log;
    bad.block_num = {7};
    CHECK(refused({log, bad}));
    bad = log;
    bad.address = {};
    CHECK(refused({log, bad}));
    bad = log;
    bad.data = {1};
    CHECK(refused({log, bad}));
    CHECK(refused({log, bad, log}));
    bad = log;
    bad.log_index = 1;
    bad.block_hash = *BlockHash::parse("0x" + std::string(64, '1'));
    CHECK(refused({log, bad}));
    bad.block_hash = {};
    std::vector<eth::Log> logs{bad, log};
    CHECK_FALSE(sort_and_check(logs, BlockNum{4}, BlockNum{6}, filter));
    CHECK(logs.front().log_index == 0);
    SECTION("identical duplicates are dropped") {
        std::vector<eth::Log> twice{bad, log, log, bad};
        CHECK_FALSE(sort_and_check(twice, BlockNum{4}, BlockNum{6}, filter));
        CHECK(twice == logs);
    }
}
