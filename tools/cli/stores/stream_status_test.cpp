#include "tools/cli/stores/stream_status.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::cli;
using namespace std::chrono_literals;

namespace {

const Timestamp kNow = from_unix_seconds(1'800'000'000);

/// Block time is one second; all values were noted at kNow.
StreamState::Head block(std::uint64_t number, std::chrono::seconds ago) {
    return {BlockNum{number}, kNow - ago};
}

StreamState healthy() {
    StreamState out;
    out.stream = "dispatcher:bsc";
    out.head = block(1'000, 1s);
    out.head_noted_at = kNow;
    out.processed = block(1'000, 1s);
    out.boundary = BlockNum{998};
    out.finalized = BlockNum{998};
    out.updated_at = kNow;
    out.instance_active = true;
    return out;
}

}  // namespace

TEST_CASE("a stream at the head is ok, and so is a stream a few blocks behind") {
    CHECK(judge(healthy(), kNow, 60s).text == "ok");
    auto stream = healthy();
    stream.processed = block(990, 11s);
    stream.boundary = BlockNum{988};
    const auto verdict = judge(stream, kNow, 60s);
    CHECK(verdict.ok);
    CHECK(verdict.lag_blocks == 10);
    CHECK(verdict.lag == 10s);
}

TEST_CASE("a stream further behind than allowed lags, in the backfill and above finality") {
    auto stream = healthy();
    stream.processed = block(900, 101s);
    CHECK(judge(stream, kNow, 60s).text == "lags");
    CHECK(judge(stream, kNow, 101s).ok);
    stream.boundary = BlockNum{890};
    CHECK(judge(stream, kNow, 60s).text == "lags");
}

TEST_CASE("a stream of final blocks does not lag while finality is pending, unless finality takes too long") {
    auto stream = healthy();
    stream.boundary = BlockNum{910};
    stream.processed = block(910, 91s);
    CHECK(judge(stream, kNow, 60s).ok);
    CHECK(judge(stream, kNow, 60s).lag_blocks == 90);
    stream.processed = block(600, 401s);
    stream.boundary = BlockNum{600};
    CHECK(judge(stream, kNow, 60s).text == "waits for finality");
    stream.boundary = BlockNum{910};
    CHECK(judge(stream, kNow, 60s).text == "lags");
}

TEST_CASE("a stream without updates is stalled, and the verdict says if no instance is active") {
    auto stream = healthy();
    stream.updated_at = kNow - 90s;
    CHECK(judge(stream, kNow, 60s).ok);  // no new block, but the head is up to date
    stream.head_noted_at = kNow - 80s;
    CHECK(judge(stream, kNow, 60s).text == "stalled for 80 s");
    stream.instance_active = false;
    CHECK(judge(stream, kNow, 60s).text == "stalled for 80 s; no active instance");
    stream.head_noted_at.reset();
    CHECK(judge(stream, kNow, 60s).text == "stalled for 90 s; no active instance");
}

TEST_CASE("an old head is reported, also if it is processed") {
    auto stream = healthy();
    stream.head = stream.processed = block(1'000, 300s);
    CHECK(judge(stream, kNow, 60s).text == "the newest block known is 5 min old");
}

TEST_CASE("a stream without a batch is not ok; while the head is unknown, the lag counts until now") {
    auto stream = healthy();
    stream.head.reset();
    stream.processed = block(1'000, 70s);
    CHECK(judge(stream, kNow, 60s).lag == 70s);
    CHECK(judge(stream, kNow, 60s).lag_blocks == 0);
    stream.processed.reset();
    CHECK(judge(stream, kNow, 60s).text == "has processed no block yet");
}
