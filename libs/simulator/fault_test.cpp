// Tests of each fault in the form in which it reaches a reader.
#include "simulator/fault.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "simulator/testing/world.hpp"

using namespace lamda;
using namespace lamda::simulator;
using namespace lamda::simulator::testing;

TEST_CASE("no answer: refused, hang, 429, 5xx, cut, garbage") {
    SECTION("refused at once") {
        World world(only(always(Fault::kRefused)));
        const auto start = world.clock.steady();
        CHECK(world.failure("eth_chainId") == Kind::kConnect);
        CHECK(world.clock.steady() - start == Millis(1));
        CHECK(world.count(Fault::kRefused) == 1);
    }
    SECTION("a hang lasts until the request's timeout") {
        World world(only(always(Fault::kHang)));
        const auto start = world.clock.steady();
        CHECK(world.failure("eth_chainId") == Kind::kTimeout);
        CHECK(world.clock.steady() - start == Millis(3'000));
    }
    SECTION("a cut") {
        World world(only(always(Fault::kCut)));
        CHECK(world.failure("eth_chainId") == Kind::kCut);
    }
    SECTION("429 with Retry-After, which is enforced") {
        EndpointPlan plan;
        plan.episodes = {{Fault::kTooMany, Millis(0), Millis(500)}};
        plan.retry_after = Millis(2'000);
        World world(only(plan));
        const auto answer = world.send("eth_chainId");
        CHECK(answer.status == 429);
        CHECK(answer.header("retry-after") == "2");
        CHECK(world.network->impatient_calls() == 0);
        world.clock.advance(Millis(1'000));
        CHECK(world.send("eth_chainId").status == 429);
        CHECK(world.network->impatient_calls() == 1);
        world.clock.advance(Millis(1'000));
        CHECK(world.send("eth_chainId").status == 200);
    }
    SECTION("429 without Retry-After, and 5xx") {
        World world(only(always(Fault::kTooMany)));
        CHECK_FALSE(world.send("eth_chainId").header("Retry-After"));
        world.network->plan(kUrl).rates = {{Fault::kServerError, 1}};
        for (int i = 0; i < 20; ++i) {
            CHECK(world.send("eth_chainId").status >= 500);
        }
    }
    SECTION("garbage cannot be parsed as an answer") {
        World world(only(always(Fault::kGarbage)));
        std::size_t texts = 0;
        for (std::uint64_t i = 1; i <= 200; ++i) {
            const auto body = world.send("eth_getBlockByNumber", world.at(7)).body;
            const auto parsed = json::parse(body, nullptr, false);
            texts += parsed.is_discarded() ? 1 : 0;
            const bool right = parsed.is_object() && parsed.value("id", json()) == i &&
                               parsed.contains("result") && parsed["result"].is_object() &&
                               parsed["result"].contains("hash");
            REQUIRE_FALSE(right);
        }
        CHECK(texts > 50);
        CHECK(texts < 150);
    }
    SECTION("slow answers arrive late or not at all") {
        World world(only(always(Fault::kSlow)));
        const auto start = world.clock.steady();
        CHECK(world.send("eth_chainId").status == 200);
        CHECK(world.clock.steady() - start >= Millis(100));
    }
}

TEST_CASE("kOwnTrouble answers any method with an error object that is not a revert") {
    World world(only(always(Fault::kOwnTrouble)));
    std::set<std::string> words;
    for (int i = 0; i < 100; ++i) {
        for (const auto* method : {"eth_chainId", "eth_blockNumber", "eth_getLogs"}) {
            const auto response = world.send(method);
            CHECK(response.status == 200);
            const auto error = json::parse(response.body)["error"];
            CHECK(error["code"] != eth::RpcError::kReverted);
            CHECK_FALSE(error.contains("data"));
            words.insert(error["message"]);
        }
    }
    CHECK(words.contains("header not found"));
    CHECK(words.contains("limit exceeded"));
    CHECK(words.contains("the method eth_getLogs does not exist/is not available"));
    CHECK(world.count(Fault::kOwnTrouble) == 300);
}

TEST_CASE("kOwnTrouble answers a batch in part or not at all") {
    World world(only(always(Fault::kOwnTrouble)));
    std::set<std::size_t> answered;
    for (int i = 0; i < 40; ++i) {
        auto request = world.request("eth_chainId", json::array());
        const auto one = json::parse(request.body);
        request.body = json::array({one, one, one, one}).dump();
        std::size_t results = 0;
        for (const auto& part : json::parse(world.network->send(request).body)) {
            results += part.contains("result") ? 1 : 0;
        }
        answered.insert(results);
    }
    CHECK(answered == std::set<std::size_t>{0, 2});
}

TEST_CASE("finalized of one endpoint is a block below another's, and steps back by one between two calls") {
    auto behind = always(Fault::kFinalizedBehind);
    behind.url = "http://behind.example";
    auto both = only({});
    both.push_back(behind);
    World world(both);
    const auto final_at = [&](const std::string& url) {
        const auto answer =
            world.network->send(world.request("eth_getBlockByNumber", list("finalized", false), url));
        return json::parse(answer.body)["result"]["number"].get<std::string>();
    };
    const auto final = world.chain.finalized();
    CHECK(final_at(kUrl) == to_quantity(final));
    CHECK(final_at(behind.url) == to_quantity(final - 1));
    world.network->plan(kUrl).rates[Fault::kFinalizedBehind] = 1;
    CHECK(final_at(kUrl) == to_quantity(final - 1));
    CHECK(world.count(Fault::kFinalizedBehind) == 2);
}

TEST_CASE("a node that lags, with empty answers for blocks that it lacks") {
    EndpointPlan plan = always(Fault::kLag);
    plan.lag = 40;
    World world(only(plan));
    CHECK(world.result("eth_blockNumber") == to_quantity(160U));
    CHECK(world.result("eth_getBlockByNumber", list("latest", false))["number"] == to_quantity(160U));
    CHECK(world.result("eth_getBlockByNumber", list("finalized", false))["number"] == to_quantity(128U));
    CHECK(world.result("eth_getBlockByNumber", world.at(161)).is_null());
    const auto& lacking = world.block_with_logs(165).header;
    const json by_hash = json::array({{{"blockHash", lacking.hash.hex()}, {"address", kContract.hex()}}});
    CHECK(world.result("eth_getBlockReceipts", list(lacking.hash.hex())).is_null());
    CHECK(world.count(Fault::kFalseEmpty) == 0);
    CHECK(world.result("eth_getLogs", by_hash).empty());
    CHECK(world.result("eth_getLogs", by_hash).empty());
    CHECK(world.result("eth_getLogs", world.range(161, 199)).empty());
    CHECK(world.count(Fault::kFalseEmpty) == 3);
    world.network->plan(kUrl).empty_when_lacking = false;
    CHECK(world.error("eth_getLogs", by_hash)["message"] == "unknown block");
    CHECK(world.error("eth_getLogs", world.range(161, 199))["code"] == -32602);
    CHECK(world.count(Fault::kFalseEmpty) == 3);
    CHECK_FALSE(world.result("eth_getLogs", world.range(100, 160)).empty());
}

TEST_CASE("a single node that begins to lag stalls and does not go back") {
    EndpointPlan plan;
    plan.episodes = {{Fault::kLag, Millis(1'000), Millis(20'000)}};
    plan.lag = 10;
    World world(only(plan));
    CHECK(world.result("eth_blockNumber") == to_quantity(200U));
    world.clock.advance(Millis(2'250));
    CHECK(world.result("eth_blockNumber") == to_quantity(200U));
    CHECK(world.chain.height() == 205);
    world.clock.advance(Millis(4'500));
    CHECK(world.result("eth_blockNumber") == to_quantity(205U));
    world.clock.advance(Millis(20'000));
    const auto head = world.result("eth_blockNumber");
    CHECK(head == to_quantity(world.chain.height()));
}

TEST_CASE("behind a load balancer the lag differs between calls") {
    EndpointPlan plan = always(Fault::kLag);
    plan.balanced = true;
    World world(only(plan));
    std::set<std::string> heads;
    for (int i = 0; i < 40; ++i) {
        heads.insert(world.result("eth_blockNumber").get<std::string>());
    }
    CHECK(heads.size() > 4);
}

TEST_CASE("a node that has not seen a reorg shows the old branch") {
    EndpointPlan plan = always(Fault::kStaleFork);
    SECTION("single node: until it recovers") {
        World world(only(plan));
        const auto old = world.result("eth_getBlockByNumber", world.at(198))["hash"];
        world.miner->reorg(5);
        CHECK(world.chain.at(198).hash.hex() != old);
        world.clock.advance(Millis(20'000));
        CHECK(world.result("eth_getBlockByNumber", world.at(198))["hash"] == old);
        CHECK(world.result("eth_blockNumber") == to_quantity(200U));
        CHECK(world.count(Fault::kStaleFork) == 2);
        world.network->plan(kUrl).rates.clear();
        CHECK(world.result("eth_getBlockByNumber", world.at(198))["hash"] == world.chain.at(198).hash.hex());
    }
    SECTION("behind a load balancer: for a while") {
        plan.balanced = true;
        World world(only(plan));
        const auto old = world.result("eth_getBlockByNumber", world.at(198))["hash"];
        world.miner->reorg(5);
        CHECK(world.result("eth_getBlockByNumber", world.at(198))["hash"] == old);
        world.clock.advance(Millis(20'000));
        CHECK(world.result("eth_getBlockByNumber", world.at(198))["hash"] == world.chain.at(198).hash.hex());
    }
}

TEST_CASE("forgotten blocks, and tags that are missing or stalled") {
    SECTION("a forgotten block is null or unknown; its logs are never an empty answer") {
        World world(only(always(Fault::kForgotten)));
        const auto& block = world.block_with_logs(50).header;
        CHECK(world.result("eth_getBlockByNumber", world.at(50)).is_null());
        CHECK(world.result("eth_getBlockReceipts", list(block.hash.hex())).is_null());
        CHECK(world.error("eth_getLogs", list(json{{"blockHash", block.hash.hex()}}))["message"] ==
              "unknown block");
        CHECK(world.result("eth_getBlockByNumber", list("latest", false)).is_object());
        CHECK(world.count(Fault::kForgotten) == 3);
    }
    SECTION("no tags") {
        World world(only(always(Fault::kNoFinalized)));
        CHECK(world.error("eth_getBlockByNumber", list("finalized", false))["code"] == -32000);
        CHECK(world.result("eth_getBlockByNumber", list("latest", false)).is_object());
        CHECK(world.count(Fault::kNoFinalized) == 1);
    }
    SECTION("a tag that is stalled while the head advances") {
        World world(only(always(Fault::kStaleFinalized)));
        const auto before = world.result("eth_getBlockByNumber", list("finalized", false))["number"];
        world.clock.advance(Millis(20'000));
        CHECK(world.result("eth_getBlockByNumber", list("finalized", false))["number"] == before);
        CHECK(world.result("eth_blockNumber") == to_quantity(244U));
        world.network->plan(kUrl).rates.clear();
        CHECK(world.result("eth_getBlockByNumber", list("finalized", false))["number"] != before);
    }
}

TEST_CASE("limits are enforced, and reported in each form") {
    EndpointPlan plan;
    plan.range_limit = 50;
    plan.limit_code = -32000;
    plan.limit_text = "exceed maximum block range: 50";
    World world(only(plan));
    CHECK_FALSE(world.result("eth_getLogs", world.range(101, 150)).empty());
    CHECK(world.error("eth_getLogs", world.range(100, 150))["message"] == plan.limit_text);
    auto& now = world.network->plan(kUrl);
    now.limit_style = LimitStyle::kPayloadTooLarge;
    CHECK(world.send("eth_getLogs", world.range(100, 150)).status == 413);
    now.limit_style = LimitStyle::kBadRequest;
    CHECK(world.send("eth_getLogs", world.range(100, 150)).status == 400);
    now.limit_style = LimitStyle::kCut;
    CHECK(world.failure("eth_getLogs", world.range(100, 150)) == Kind::kCut);
    now.limit_style = LimitStyle::kHang;
    const auto start = world.clock.steady();
    CHECK(world.failure("eth_getLogs", world.range(100, 150)) == Kind::kTimeout);
    CHECK(world.clock.steady() - start == Millis(3'000));
    CHECK(world.count(Fault::kRangeLimit) == 5);
    now.range_limit = 0;
    now.result_limit = 3;
    now.limit_style = LimitStyle::kError;
    CHECK(world.error("eth_getLogs", world.range(100, 150))["code"] == -32000);
    CHECK(world.count(Fault::kResultLimit) == 1);
    now.result_limit = 0;
    now.bytes_per_log = 20U << 20;
    CHECK(world.failure("eth_getLogs", world.range(100, 199)) == Kind::kTooLarge);
    CHECK(world.count(Fault::kTooLarge) == 1);
    CHECK(world.result("eth_getLogs", world.range(100, 100)).is_array());
}

TEST_CASE("endpoints that refuse a method, and an endpoint on another chain") {
    SECTION("refused methods") {
        EndpointPlan plan;
        plan.no_logs = true;
        plan.no_receipts = true;
        World world(only(plan));
        CHECK(world.error("eth_getLogs", world.range(1, 1))["code"] == -32005);
        CHECK(world.error("eth_getBlockReceipts", list(world.chain.at(9).hash.hex()))["code"] == -32601);
        CHECK(world.count(Fault::kNoLogs) == 1);
        CHECK(world.count(Fault::kNoReceipts) == 1);
    }
    SECTION("another chain: other blocks, consistent with each other") {
        EndpointPlan plan;
        plan.chain = ChainId{56};
        World world(only(plan));
        CHECK(world.result("eth_chainId") == "0x38");
        const auto header = world.result("eth_getBlockByNumber", world.at(50));
        CHECK(header["hash"] != world.chain.at(50).hash.hex());
        CHECK(header["parentHash"] == world.result("eth_getBlockByNumber", world.at(49))["hash"]);
        CHECK(world.result("eth_getBlockByHash", list(header["hash"], false)) == header);
        const auto& block = world.block_with_logs(60).header;
        const auto logs = world.result("eth_getLogs", world.range(block.number.value, block.number.value));
        CHECK(logs[0]["data"] == "0xee");
        CHECK(logs[0]["blockHash"] ==
              world.result("eth_getBlockByNumber", world.at(block.number.value))["hash"]);
        CHECK(world.result("eth_getLogs", list(json{{"blockHash", logs[0]["blockHash"]},
                                                    {"address", kContract.hex()},
                                                    {"topics", list(kTopic.hex())}})) == logs);
    }
}

TEST_CASE("from `healthy_from` on an endpoint has no faults except its traits") {
    EndpointPlan plan = always(Fault::kCut);
    plan.episodes = {{Fault::kHang, Millis(0), Millis(100'000)}};
    plan.healthy_from = Millis(10'000);
    plan.range_limit = 10;
    World world(only(plan));
    CHECK(world.failure("eth_chainId") == Kind::kTimeout);
    world.clock.advance(Millis(10'000));
    CHECK(world.result("eth_chainId") == "0x61");
    CHECK(world.error("eth_getLogs", world.range(1, 11)).is_object());
}
