// Tests of malformed results, error objects and failed exchanges.
#include <catch2/catch.hpp>
#include <random>

#include "eth/rpc_client.hpp"
#include "eth/testing/rpc_node.hpp"

using namespace lamda;
using namespace lamda::eth;
using namespace lamda::eth::testing;
using net::testing::LoopbackServer;

TEST_CASE("RPC: a wrong shape is a BadAnswer that names the method and the member") {
    Node node;
    const TxHash tx = TxHash::parse(hash('c')).value();
    const auto logs = [&](const char* pointer, const json& value) {
        json log = log_json();
        log[json::json_pointer(pointer)] = value;
        node.results["eth_getLogs"] = json::array({log_json(), log});
        return bad_answer([&] { node.rpc.logs(BlockNum{0}, BlockNum{99}, kAll); });
    };
    CHECK(logs("/address", account('a') + "0") ==
          "eth_getLogs: result[1].address: 0x and 40 hex digits are needed");
    CHECK(logs("/blockHash", nullptr) == "eth_getLogs: result[1].blockHash: missing");
    CHECK(logs("/transactionHash", hash('g')) ==
          "eth_getLogs: result[1].transactionHash: 0x and 64 hex digits are needed");
    CHECK(logs("/topics/1", 7) == "eth_getLogs: result[1].topics[1]: a string is needed");
    CHECK(logs("/topics", {hash('1'), hash('1'), hash('1'), hash('1'), hash('1')}) ==
          "eth_getLogs: result[1].topics: at most 4 are possible");
    CHECK(logs("/topics", "x") == "eth_getLogs: result[1].topics: an array is needed");
    CHECK(logs("/data", "0x0") ==
          "eth_getLogs: result[1].data: 0x and an even number of hex digits are needed");
    CHECK(logs("/data", "0xzz") == "eth_getLogs: result[1].data: a digit is not hexadecimal");
    CHECK(logs("/logIndex", "5").starts_with("eth_getLogs: result[1].logIndex: "));
    CHECK(logs("/logIndex", "0x").starts_with("eth_getLogs: result[1].logIndex: "));
    CHECK(logs("/blockNumber", "0x10000000000000000").starts_with("eth_getLogs: result[1].blockNumber: "));
    CHECK(logs("/blockNumber", "0x1" + std::string(63, '0'))
              .starts_with("eth_getLogs: result[1].blockNumber: "));
    CHECK(logs("/removed", "yes").starts_with("eth_getLogs: result[1].removed: "));
    node.results["eth_getLogs"] = "0x";
    CHECK(bad_answer([&] { node.rpc.logs(BlockNum{0}, BlockNum{9}, kAll); }) ==
          "eth_getLogs: result: an array is needed");
    node.results["eth_getLogs"] = json::array({1});
    CHECK(bad_answer([&] { node.rpc.logs(BlockNum{0}, BlockNum{9}, kAll); }) ==
          "eth_getLogs: result[0]: an object is needed");
    node.results["eth_getBlockByNumber"] = header_json();
    node.results["eth_getBlockByNumber"]["logsBloom"] = "0x00";
    CHECK(bad_answer([&] { node.rpc.header(Tag::kLatest); }) ==
          "eth_getBlockByNumber: result.logsBloom: 256 bytes are needed");
    node.results["eth_getTransactionReceipt"] = receipt_json();
    node.results["eth_getTransactionReceipt"]["status"] = "0x2";
    CHECK(bad_answer([&] { node.rpc.receipt(tx); }) ==
          "eth_getTransactionReceipt: result.status: 0x0 or 0x1 is needed");
    node.results["eth_getTransactionReceipt"] = receipt_json();
    node.results["eth_getTransactionReceipt"]["logs"][0]["transactionHash"] = hash('d');
    CHECK(bad_answer([&] { node.rpc.receipt(tx); }) ==
          "eth_getTransactionReceipt: result.logs[0]: belongs to another transaction or block than its "
          "receipt");
    node.results["eth_chainId"] = 97;
    CHECK(bad_answer([&] { node.rpc.chain_id(); }) == "eth_chainId: result: a string is needed");
}

TEST_CASE("RPC: error objects, with revert data in every form that nodes use") {
    Node node;
    const auto error = [&](const json& object) -> RpcError {
        node.error = object;
        try {
            node.rpc.block_number();
        } catch (const RpcError& caught) {
            return caught;
        }
        throw std::logic_error("no RpcError was thrown");
    };
    const RpcError plain = error({{"code", 3}, {"message", "execution reverted"}, {"data", "0x08c379a0"}});
    CHECK(plain.code() == 3);
    CHECK(plain.what() == std::string("execution reverted"));
    CHECK(plain.data() == Bytes{0x08, 0xc3, 0x79, 0xa0});
    CHECK(
        error({{"code", -32603}, {"message", "x"}, {"data", {{"data", "0xab"}, {"message", "y"}}}}).data() ==
        Bytes{0xab});
    CHECK(error({{"code", 3}, {"message", "x"}, {"data", {{"originalError", {{"data", "0xcd"}}}}}}).data() ==
          Bytes{0xcd});
    CHECK(error({{"code", -32015}, {"message", "x"}, {"data", "Reverted 0xef"}}).data() == Bytes{0xef});
    for (const json& data :
         {json("no hex"), json("0xz"), json(7), json(nullptr), json::object(), json::array({1})}) {
        CHECK(error({{"code", -1}, {"message", "x"}, {"data", data}}).data().empty());
    }
    CHECK(error({{"message", "no code"}}).code() == 0);
    SECTION("with another HTTP status than 200") {
        node.status = "400 Bad Request";
        CHECK(error({{"code", -32005}, {"message", "limit exceeded"}}).code() == -32005);
    }
    SECTION("without an id") {
        node.raw_body = R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error"}})";
        CHECK(error({}).code() == -32700);
    }
    SECTION("a malformed error object is a BadAnswer") {
        node.error = "overloaded";
        CHECK_THROWS_AS(node.rpc.block_number(), BadAnswer);
    }
}

TEST_CASE("RPC: an answer to another request, or none, is a BadAnswer with the HTTP status") {
    Node node;
    const auto status = [&](const std::string& http_status, const std::string& body) {
        node.status = http_status;
        node.raw_body = body;
        try {
            node.rpc.block_number();
        } catch (const BadAnswer& bad) {
            return bad.http_status();
        }
        return 0;
    };
    CHECK(status("503 Service Unavailable", "<html>busy</html>") == 503);
    CHECK(status("429 Too Many Requests", "slow down") == 429);
    CHECK(status("200 OK", "<html>") == 200);
    CHECK(status("200 OK", R"({"jsonrpc":"2.0","id":1,)") == 200);
    CHECK(status("200 OK", "[]") == 200);
    CHECK(status("200 OK", R"({"id":99999,"result":"0x1"})") == 200);
    CHECK(status("200 OK", R"({"result":"0x1"})") == 200);
    CHECK(status("200 OK", R"({"id":"1","result":"0x1"})") == 200);
    CHECK(status("200 OK", R"({"id":"9x","result":"0x1"})") == 200);
    CHECK(status("200 OK", std::string(100'000, '[')) == 200);
    // The tenth call has id 10.
    CHECK(status("200 OK", R"({"id":11})") == 200);
    CHECK(status("500 Internal Server Error", R"({"id":12,"result":"0x1"})") == 500);
    CHECK(status("200 OK", R"({"id":13,"result":"0x1"})") == 0);
    CHECK(status("200 OK", R"({"id":"14","result":"0x1"})") == 0);
    CHECK(status("200 OK",
                 "\xEF\xBB\xBF \r\n"
                 R"({"id":15,"result":"0x1"})"
                 "\r\n") == 0);
}

TEST_CASE("RPC: a rate-limited call is a BadAnswer with the delay that the node requested") {
    LoopbackServer busy([](const auto&) {
        return LoopbackServer::reply(R"({"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"slow"}})",
                                     "429 Too Many Requests", "Retry-After: 3\r\n");
    });
    HttpRpc rpc(busy.url(), Millis(60'000));
    try {
        rpc.block_number();
        FAIL("the call returned");
    } catch (const BadAnswer& error) {
        CHECK(error.http_status() == 429);
        CHECK(error.retry_after() == Millis(3'000));
    }
}

TEST_CASE("RPC: a slow node and an answer above 8 MiB are transport errors") {
    LoopbackServer silent([](const auto&) { return LoopbackServer::Answer{"", false, true}; });
    HttpRpc slow(silent.url(), Millis(100));
    try {
        slow.block_number();
        FAIL("the call returned");
    } catch (const net::TransportError& error) {
        CHECK(error.kind() == net::TransportError::Kind::kTimeout);
    }
    LoopbackServer huge([](const auto&) { return LoopbackServer::reply(std::string((8U << 20) + 1, ' ')); });
    HttpRpc rpc(huge.url(), Millis(60'000));
    try {
        rpc.block_number();
        FAIL("the call returned");
    } catch (const net::TransportError& error) {
        CHECK(error.kind() == net::TransportError::Kind::kTooLarge);
    }
}

TEST_CASE("RPC: corrupted answers throw only BadAnswer or RpcError") {
    Node node;
    std::mt19937_64 random(20261120);
    const TxHash tx = TxHash::parse(hash('c')).value();
    int refused = 0;
    for (std::uint64_t round = 1; round <= 2'000; ++round) {
        std::string body = json{{"jsonrpc", "2.0"}, {"id", round}, {"result", receipt_json()}}.dump();
        for (int flips = 0; flips < 2; ++flips) {
            body[random() % body.size()] = static_cast<char>(random());
        }
        if (round % 4 == 0) {
            body.resize(random() % body.size() + 1);
        }
        node.raw_body = body;
        try {
            node.rpc.receipt(tx);
        } catch (const BadAnswer&) {
            ++refused;
        } catch (const RpcError&) {
            ++refused;
        }
    }
    CHECK(refused > 1000);
}
