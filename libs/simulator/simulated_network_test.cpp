// Tests of SimulatedNetwork: exchanges in virtual time, and each fault in the form that reaches a reader.
#include "simulator/simulated_network.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "eth/codec/receipts_root.hpp"
#include "simulator/miner.hpp"

using namespace lamda;
using namespace lamda::simulator;
using nlohmann::json;
using Kind = net::TransportError::Kind;

namespace {

const Address kContract = *Address::parse("0x1000000000000000000000000000000000000001");
const Topic kTopic = *Topic::parse("0x" + std::string(64, 'a'));
const std::string kUrl = "http://one.example";

/// Parameters of a call.
template <class... Items>
json list(const Items&... items) {
    json out = json::array();
    (out.push_back(items), ...);
    return out;
}

std::vector<EndpointPlan> only(EndpointPlan plan) {
    plan.url = kUrl;
    return {plan};
}

struct World {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    ScriptedChain chain;
    std::unique_ptr<Miner> miner;
    std::unique_ptr<SimulatedNetwork> network;
    std::uint64_t next_id = 1;

    explicit World(std::vector<EndpointPlan> plans, std::uint64_t seed = 1, MinerPlan plan = {})
        : chain(1, clock, plan.age()) {
        chain.set_code(kContract, {0});
        plan.seed = seed;
        plan.contract = kContract;
        plan.topic = kTopic;
        miner = std::make_unique<Miner>(chain, clock, plan);
        network = std::make_unique<SimulatedNetwork>(clock, chain, seed, std::move(plans));
        network->meanwhile = [this](Timestamp now) { miner->run_until(now); };
    }
    net::HttpRequest request(const std::string& method, const json& params, const std::string& url = kUrl) {
        net::HttpRequest out;
        out.method = "POST";
        out.url = url;
        out.body = json{{"jsonrpc", "2.0"}, {"id", next_id++}, {"method", method}, {"params", params}}.dump();
        out.timeout = Millis(3'000);
        return out;
    }
    net::HttpResponse send(const std::string& method, const json& params = json::array()) {
        return network->send(request(method, params));
    }
    json result(const std::string& method, const json& params = json::array()) {
        const auto answer = json::parse(send(method, params).body);
        INFO(answer.dump());
        REQUIRE(answer.contains("result"));
        return answer["result"];
    }
    json error(const std::string& method, const json& params = json::array()) {
        const auto answer = json::parse(send(method, params).body);
        INFO(answer.dump());
        REQUIRE(answer.contains("error"));
        return answer["error"];
    }
    Kind failure(const std::string& method, const json& params = json::array()) {
        try {
            send(method, params);
        } catch (const net::TransportError& error) {
            return error.kind();
        }
        throw std::logic_error("the call returned");
    }
    std::uint64_t count(Fault fault) const { return network->counts()[fault]; }
    json range(std::uint64_t from, std::uint64_t to) const {
        return json::array({{{"fromBlock", to_quantity(from)},
                             {"toBlock", to_quantity(to)},
                             {"address", {kContract.hex()}},
                             {"topics", {{kTopic.hex()}}}}});
    }
    json at(std::uint64_t number) { return json::array({to_quantity(number), false}); }
    /// A block with own logs, at or above `from`.
    const Block& block_with_logs(std::uint64_t from) const {
        while (ChainView::logs(*chain.branch().at(from), {{kContract}, {kTopic}, {}}).empty()) {
            ++from;
        }
        return *chain.branch().at(from);
    }
};

EndpointPlan always(Fault fault) {
    EndpointPlan plan;
    plan.rates[fault] = 1;
    return plan;
}

}  // namespace

TEST_CASE("an honest endpoint answers with the canonical chain") {
    World world(only({}));
    CHECK(world.result("eth_chainId") == "0x61");
    CHECK(world.result("eth_blockNumber") == to_quantity(world.chain.height()));
    const auto header = world.result("eth_getBlockByNumber", world.at(7));
    CHECK(header["hash"] == world.chain.at(7).hash.hex());
    CHECK(header["parentHash"] == world.chain.at(6).hash.hex());
    CHECK(header["logsBloom"] == to_hex(world.chain.at(7).logs_bloom.bits()));
    CHECK(world.result("eth_getBlockByHash", list(header["hash"], false)) == header);
    CHECK(world.result("eth_getBlockByNumber", world.at(7'777)).is_null());
    CHECK(world.result("eth_getBlockByNumber", list("finalized", false))["number"] ==
          to_quantity(world.chain.finalized()));

    std::vector<std::string> expected;
    for (const auto& log : world.chain.canonical_logs(kContract)) {
        if (log.topics.front() == kTopic && log.block_num >= BlockNum{20} && log.block_num <= BlockNum{120}) {
            expected.push_back(to_hex(log.data));
        }
    }
    std::vector<std::string> got;
    for (const auto& log : world.result("eth_getLogs", world.range(20, 120))) {
        got.push_back(log["data"]);
    }
    CHECK(got == expected);
    CHECK(expected.size() > 30);

    const auto& block = world.block_with_logs(50);
    const auto receipts = world.result("eth_getBlockReceipts", list(block.header.hash.hex()));
    CHECK(receipts.size() == block.receipts.size());
    CHECK(receipts[0]["logs"][0]["data"] == to_hex(block.receipts[0].logs[0].data));
    CHECK(world.result("eth_getBlockByHash", list(block.header.hash.hex(), false))["receiptsRoot"] ==
          eth::receipts_root(block.receipts)->hex());
    CHECK(world.result("eth_getTransactionReceipt", list(receipts[0]["transactionHash"])) == receipts[0]);
    CHECK(world.result("eth_getCode", list(kContract.hex(), "latest")) == "0x60");
    CHECK(world.error("eth_unheardOf")["code"] == -32601);
    CHECK(world.error("eth_getLogs", list(json{{"fromBlock", "0x9"}, {"toBlock", "0x8"}}))["code"] == -32000);
    for (std::size_t fault = 0; fault < kFaults; ++fault) {
        CHECK(world.network->counts().of[fault] == 0);
    }
}

TEST_CASE("a block's hash is the hash of its header's fields, and changes with any of them") {
    World world(only({}));
    for (std::uint64_t number = 0; number <= world.chain.height(); number += 7) {
        auto request = world.request("eth_getBlockByNumber", list(to_quantity(number), false));
        auto response = world.network->send(request);
        std::optional<eth::Header> header;
        const auto rpc_call = eth::rpc_calls::proven_header({number}, header);
        const auto id = json::parse(response.body)["id"].get<std::uint64_t>();
        auto forged = response;
        const std::string name = "\"timestamp\":\"0x";
        forged.body.insert(forged.body.find(name) + name.size(), "1");
        rpc_call.read(id, response);
        REQUIRE(header);
        CHECK(header->hash == world.chain.at(number).hash);
        CHECK_THROWS_AS(rpc_call.read(id, forged), eth::WrongHeader);
    }
}

TEST_CASE("a batch gets one answer; a malformed request gets an error") {
    World world(only({}));
    auto request = world.request("eth_chainId", json::array());
    request.body = "[" + request.body + "," + request.body + "]";
    CHECK(json::parse(world.network->send(request).body).size() == 2);
    request.body = "{";
    CHECK(json::parse(world.network->send(request).body)["error"]["code"] == -32700);
    request.body = "{}";
    CHECK(json::parse(world.network->send(request).body)["error"]["code"] == -32600);
}

TEST_CASE("exchanges end in order of time; the clock moves to each end or to the deadline") {
    EndpointPlan fast;
    fast.url = kUrl;
    fast.latency = Millis(30);
    fast.jitter = Millis(0);
    EndpointPlan slow = fast;
    slow.url = "http://slow.example";
    slow.latency = Millis(700);
    World world({fast, slow});
    const auto start = world.clock.steady();
    const auto passed = [&] { return world.clock.steady() - start; };
    const auto exchanges = world.network->exchanges();
    const auto first = exchanges->start(world.request("eth_chainId", json::array(), slow.url));
    const auto second = exchanges->start(world.request("eth_chainId", json::array()));
    const auto nobody =
        exchanges->start(world.request("eth_chainId", json::array(), "http://nowhere.example"));
    CHECK(passed() == Millis(0));
    const auto refused = exchanges->next(start + Millis(10'000));
    REQUIRE(refused);
    CHECK(refused->id == nobody);
    CHECK(refused->error);
    CHECK(exchanges->next(start + Millis(10'000))->id == second);
    CHECK(passed() == Millis(30));
    CHECK_FALSE(exchanges->next(start + Millis(500)));
    CHECK(passed() == Millis(500));
    const auto third = exchanges->start(world.request("eth_chainId", json::array()));
    const auto gone = exchanges->start(world.request("eth_chainId", json::array()));
    exchanges->cancel(gone);
    // A call meanwhile uses the same clock.
    CHECK(world.send("eth_chainId").status == 200);
    world.clock.advance(Millis(1'000));
    CHECK(exchanges->next(start)->id == third);
    CHECK(exchanges->next(start)->id == first);
    CHECK_FALSE(exchanges->next(start + Millis(100'000)));
    CHECK(passed() == Millis(1'530));
    auto streamed = world.request("eth_chainId", json::array());
    streamed.on_data = [](BytesView) { return true; };
    CHECK_THROWS_AS(exchanges->start(streamed), std::logic_error);
}

TEST_CASE("blocks are mined while an exchange is in flight") {
    EndpointPlan plan;
    plan.latency = Millis(1'000);
    World world(only(plan));
    CHECK(world.result("eth_blockNumber") == to_quantity(202U));
}

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

TEST_CASE("the same seed gives the same bytes, another seed other bytes") {
    const auto transcript = [](std::uint64_t seed) {
        EndpointPlan plan;
        plan.balanced = true;
        for (std::size_t fault = 0; fault < kRandomFaults; ++fault) {
            plan.rates[static_cast<Fault>(fault)] = 0.08;
        }
        EndpointPlan other = plan;
        plan.url = kUrl;
        other.url = "http://other.example";
        World world({plan, other}, seed, {.reorg = 0.1});
        std::string out;
        world.network->trace = [&](const std::string& line) { out += line + "\n"; };
        const auto exchanges = world.network->exchanges();
        for (int i = 0; i < 300; ++i) {
            const auto& url = i % 2 == 0 ? kUrl : other.url;
            const auto head = world.chain.height();
            exchanges->start(world.request("eth_getLogs", world.range(head - 20, head), url));
            exchanges->start(world.request("eth_getBlockByNumber", list("finalized", false), url));
            while (const auto ended = exchanges->next(world.clock.steady() + Millis(200))) {
                out += ended->response ? ended->response->body : std::string("-");
            }
        }
        const auto counts = world.network->counts();
        for (std::size_t fault = 0; fault < kRandomFaults; ++fault) {
            INFO(to_string(static_cast<Fault>(fault)));
            // This test requests no header by number or hash.
            CHECK((counts.of[fault] > 0) == (static_cast<Fault>(fault) != Fault::kForgotten));
        }
        CHECK(world.miner->reorgs() > 3);
        return out;
    };
    const auto once = transcript(5);
    CHECK(bool(once == transcript(5)));
    CHECK(bool(once != transcript(6)));
    CHECK(once.size() > 100'000);
}
