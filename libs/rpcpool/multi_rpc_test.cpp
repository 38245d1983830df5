// Several endpoints behind one client: order of calls, back-off, exclusion.
#include "rpcpool/testing/three_endpoints.hpp"

using namespace lamda;
using namespace lamda::rpcpool;

TEST_CASE("the first endpoint answers, and no other endpoint is called") {
    ThreeEndpoints world;
    for (int i = 0; i < 10; ++i) {
        CHECK(world.rpc->block_number() == BlockNum{100});
    }
    CHECK(world.calls(0) == 11);  // and once for its chain id
    CHECK(world.calls(1) == 0);
    CHECK(world.note(0).state == EndpointNote::State::kGood);
    CHECK(world.note(0).name.find("key-in-the-path") == std::string::npos);
}

TEST_CASE("an endpoint that fails is not called for a growing time, and is then called again") {
    const auto fault =
        GENERATE(Fault::kRefused, Fault::kServerError, Fault::kCut, Fault::kGarbage, Fault::kTooMany);
    ThreeEndpoints world;
    CHECK(world.rpc->block_number() == BlockNum{100});
    world.at(0).rates[fault] = 1;
    CHECK(world.rpc->block_number() == BlockNum{100});
    CHECK(world.note(0).state == EndpointNote::State::kResting);
    CHECK_FALSE(world.note(0).last_error.empty());
    const auto calls = world.calls(0);
    for (int i = 0; i < 5; ++i) {
        CHECK(world.rpc->block_number() == BlockNum{100});
    }
    CHECK(world.calls(0) == calls);

    world.at(0).rates.clear();
    world.at(1).rates[Fault::kRefused] = 1;
    world.at(2).rates[Fault::kRefused] = 1;
    world.clock.advance(Millis(120'000));
    CHECK(world.rpc->block_number() == BlockNum{100});
    CHECK(world.calls(0) > calls);
    CHECK(world.note(0).state == EndpointNote::State::kGood);
}

TEST_CASE("when the endpoint is slow, another is called as well, and the first answer wins") {
    ThreeEndpoints world;
    CHECK(world.rpc->block_number() == BlockNum{100});
    world.at(0).rates[Fault::kHang] = 1;
    const auto before = world.clock.steady();
    CHECK(world.rpc->block_number() == BlockNum{100});
    CHECK(world.clock.steady() - before < Millis(500));  // its timeout is 10 s
    CHECK(world.calls(1) == 2);
    CHECK(world.calls(2) == 0);
}

TEST_CASE("an endpoint that sends Retry-After is not called before that time, even when no other is usable") {
    ThreeEndpoints world;
    CHECK(world.rpc->block_number() == BlockNum{100});
    for (std::size_t i = 0; i < 3; ++i) {
        world.at(i).rates[Fault::kTooMany] = 1;
        world.at(i).retry_after = Millis(30'000);
    }
    CHECK_THROWS_AS(world.rpc->block_number(), eth::BadAnswer);
    const auto calls = world.network.calls();
    CHECK_THROWS_WITH(world.rpc->block_number(), Catch::Contains("asked for a pause"));
    CHECK(world.network.calls() == calls);
    CHECK(world.network.impatient_calls() == 0);
    for (std::size_t i = 0; i < 3; ++i) {
        world.at(i).rates.clear();
    }
    world.clock.advance(Millis(31'000));
    CHECK(world.rpc->block_number() == BlockNum{100});
}

TEST_CASE("neither an answer to an earlier call nor a failure shortens a Retry-After pause") {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    Endpoints endpoints({"http://a/", "http://b/"}, ChainId{97}, clock, telemetry::Log::none(), 1);
    const auto asks = [](Millis pause) { return eth::BadAnswer(429, "HTTP 429", pause); };
    const auto others = std::vector<std::size_t>{1};
    endpoints.failed(0, asks(Millis(30'000)));
    SECTION("an answer") {
        endpoints.answered(0, Millis(5));
    }
    SECTION("a failure with a shorter back-off") {
        endpoints.failed(0, std::runtime_error("cut"));
    }
    SECTION("a shorter pause") {
        endpoints.failed(0, asks(Millis(1'000)));
    }
    CHECK(endpoints.in_retry_after(0));
    CHECK(endpoints.candidates() == others);
    clock.advance(Millis(29'000));
    CHECK(endpoints.candidates() == others);
    CHECK_FALSE(endpoints.worth_a_probe(0));
    clock.advance(Millis(1'000));
    CHECK_FALSE(endpoints.in_retry_after(0));
    CHECK(endpoints.candidates().size() == 2);
}

TEST_CASE(
    "a short Retry-After is kept although the endpoint's back-off is longer and no other endpoint "
    "exists") {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    Endpoints endpoints({"http://a/"}, ChainId{97}, clock, telemetry::Log::none(), 1);
    for (int i = 0; i < 6; ++i) {
        endpoints.failed(0, std::runtime_error("cut"));
    }
    CHECK(endpoints.candidates().size() == 1);  // it backs off, and is the only endpoint
    endpoints.failed(0, eth::BadAnswer(429, "HTTP 429", Millis(1'000)));
    CHECK(endpoints.candidates().empty());
    clock.advance(Millis(1'000));
    CHECK(endpoints.candidates().size() == 1);
}

TEST_CASE("a call to which nodes may answer differently goes to another when the first has nothing") {
    ThreeEndpoints world;
    world.at(0).no_receipts = true;
    const auto hash = world.chain.at(50).hash;
    CHECK(world.rpc->block_receipts(hash).empty());
    CHECK(world.calls(1) > 0);
}

TEST_CASE("an endpoint on another chain is never used, and its state says why") {
    ThreeEndpoints world;
    world.at(0).chain = ChainId{1};
    CHECK(world.rpc->chain_id() == ChainId{97});
    for (int i = 0; i < 5; ++i) {
        CHECK(world.rpc->block_number() == BlockNum{100});
    }
    CHECK(world.calls(0) == 1);
    CHECK(world.note(0).state == EndpointNote::State::kExcluded);
    CHECK(world.note(0).last_error == "is on chain 1 instead of 97");
}

TEST_CASE("all endpoints on another chain contradict the configuration") {
    ThreeEndpoints world;
    for (std::size_t i = 0; i < 3; ++i) {
        world.at(i).chain = ChainId{1 + i};
    }
    CHECK_THROWS_AS(world.rpc->block_number(), ConfigContradiction);
}

TEST_CASE("one endpoint on another chain is no contradiction while the others are unreachable") {
    ThreeEndpoints world;
    world.at(0).chain = ChainId{1};
    world.at(1).rates[Fault::kRefused] = 1;
    world.at(2).rates[Fault::kServerError] = 1;
    for (int i = 0; i < 5; ++i) {
        try {
            world.rpc->block_number();
            FAIL("an answer came");
        } catch (const ConfigContradiction& error) {
            FAIL(error.what());
        } catch (const std::exception&) {
            world.clock.advance(Millis(10'000));
        }
    }
    world.at(1).rates.clear();
    CHECK(world.rpc->block_number() == BlockNum{100});
}

TEST_CASE("without an expected chain id, the chain id of the first answer is required of all endpoints") {
    ThreeEndpoints world(std::nullopt);
    world.at(1).chain = ChainId{56};
    world.at(2).chain = ChainId{56};
    CHECK(world.rpc->chain_id() == ChainId{97});
    world.at(0).rates[Fault::kRefused] = 1;
    for (int i = 0; i < 5; ++i) {
        CHECK_THROWS_AS(world.rpc->block_number(), net::TransportError);
    }
}

TEST_CASE("probes read the heads of all endpoints, and an endpoint that lags is called last") {
    ThreeEndpoints world;
    world.at(0).lag = 40;
    world.at(0).rates[Fault::kLag] = 1;
    CHECK(world.rpc->chain_id() == ChainId{97});
    for (int i = 0; i < 4; ++i) {
        world.rpc->probe();
        world.clock.advance(Millis(6'000));
    }
    world.rpc->probe();
    REQUIRE(world.note(0).head);
    CHECK(*world.note(0).head == BlockNum{60});
    CHECK(world.note(1).head == BlockNum{100});
    CHECK(world.rpc->block_number() == BlockNum{100});
}

TEST_CASE("a finalized block is accepted when enough endpoints report its hash") {
    ThreeEndpoints world(ChainId{97}, 2);
    CHECK(world.rpc->header(eth::Tag::kFinalized)->number == BlockNum{68});
    CHECK(world.calls(1) > 0);
    CHECK(world.calls(2) == 0);
    SECTION("another endpoint replaces one that is unreachable") {
        world.at(1).rates[Fault::kRefused] = 1;
        world.chain.mine();
        CHECK(world.rpc->header(eth::Tag::kFinalized)->number == BlockNum{69});
        CHECK(world.calls(2) > 0);
    }
    SECTION("too few endpoints are a disagreement") {
        world.at(1).rates[Fault::kRefused] = 1;
        world.at(2).rates[Fault::kRefused] = 1;
        world.chain.mine();
        CHECK_THROWS_AS(world.rpc->header(eth::Tag::kFinalized), Disagreement);
    }
}

TEST_CASE("stored endpoint state is assigned by URL") {
    ThreeEndpoints world;
    world.rpc->endpoints().range_failed(1, 100);
    world.rpc->endpoints().logs_refused(2);
    world.rpc->endpoints().logs_refused(2);
    world.rpc->endpoints().logs_refused(2);
    const auto notes = world.rpc->endpoints().notes();
    CHECK(notes[0].max_range == 0);
    CHECK(notes[1].max_range > 0);
    CHECK_FALSE(notes[2].answers_logs);

    ThreeEndpoints later;
    later.rpc->endpoints().recall(notes);
    CHECK(later.rpc->endpoints().notes()[1].max_range == notes[1].max_range);
    CHECK(later.rpc->endpoints().answers_logs(2));  // until the next refusal
    later.rpc->endpoints().logs_refused(2);
    CHECK_FALSE(later.rpc->endpoints().answers_logs(2));
}
