// Tests of honest endpoints, exchanges in virtual time, and determinism.
#include "simulator/simulated_network.hpp"

#include <catch2/catch.hpp>

#include "eth/codec/receipts_root.hpp"
#include "simulator/testing/world.hpp"

using namespace lamda;
using namespace lamda::simulator;
using namespace lamda::simulator::testing;

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
