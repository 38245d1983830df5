#include "eth/rpc_client.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "net/testing/loopback_server.hpp"

using namespace lamda;
using namespace lamda::eth;
using net::testing::LoopbackServer;
using nlohmann::json;

namespace {

std::string hash(char c) {
    return "0x" + std::string(64, c);
}
std::string account(char c) {
    return "0x" + std::string(40, c);
}

json log_json() {
    return {{"address", account('a')},   {"topics", {hash('1'), hash('2')}},
            {"data", "0x00ff"},          {"blockNumber", "0x10"},
            {"blockHash", hash('b')},    {"transactionHash", hash('c')},
            {"transactionIndex", "0x2"}, {"logIndex", "0x5"},
            {"removed", false}};
}

json header_json() {
    return {{"number", "0x10"},
            {"hash", hash('b')},
            {"parentHash", hash('e')},
            {"timestamp", "0x6553f100"},
            {"logsBloom", "0x" + std::string(510, '0') + "01"},
            {"baseFeePerGas", "0x7"},
            {"receiptsRoot", hash('7')},
            {"miner", account('d')}};
}

json receipt_json() {
    return {{"transactionHash", hash('c')}, {"blockHash", hash('b')},
            {"blockNumber", "0x10"},        {"from", account('f')},
            {"to", account('a')},           {"status", "0x1"},
            {"gasUsed", "0x5208"},          {"effectiveGasPrice", "0x2540be400"},
            {"contractAddress", nullptr},   {"logs", json::array({log_json()})}};
}

json transaction_json() {
    return {{"hash", hash('c')},      {"from", account('f')},         {"to", account('a')},
            {"nonce", "0x9"},         {"value", "0xde0b6b3a7640000"}, {"input", "0x7706ebc8"},
            {"blockHash", hash('b')}, {"blockNumber", "0x10"}};
}

/// A node whose results a test sets, and its client.
struct Node {
    std::map<std::string, json> results;
    json error;
    std::string raw_body;
    std::string status = "200 OK";
    json last_params;
    LoopbackServer server{[this](const LoopbackServer::Request& request) {
        const json call = json::parse(request.body);
        last_params = call.at("params");
        json answer{{"jsonrpc", "2.0"}, {"id", call.at("id")}};
        if (!error.is_null()) {
            answer["error"] = error;
        } else {
            answer["result"] = results[call.at("method").get<std::string>()];
        }
        return LoopbackServer::reply(raw_body.empty() ? answer.dump() : raw_body, status);
    }};
    HttpRpc rpc{server.url("/v3/sekret"), Millis(5000)};
};

template <class Call>
std::string bad_answer(Call call) {
    try {
        call();
    } catch (const BadAnswer& bad) {
        return bad.what();
    }
    return "(no BadAnswer)";
}

Topic topic(char c) {
    return Topic::parse(hash(c)).value();
}
const LogFilter kAll;

}  // namespace

TEST_CASE("RPC: numbers, code and calls, with their request parameters") {
    Node node;
    node.results = {{"eth_chainId", "0x61"},
                    {"eth_blockNumber", "0x10"},
                    {"eth_gasPrice", "0x3b9aca00"},
                    {"eth_getCode", "0x6001"},
                    {"eth_call", "0x"},
                    {"eth_estimateGas", "0x5208"},
                    {"eth_getBalance", hash('f')},
                    {"eth_getTransactionCount", "0x0"},
                    {"eth_sendRawTransaction", hash('c')}};
    const Address someone = Address::parse(account('a')).value();
    CHECK(node.rpc.chain_id() == ChainId{97});
    CHECK(node.rpc.block_number() == BlockNum{16});
    CHECK(node.rpc.gas_price() == 1'000'000'000);
    CHECK(node.rpc.code(someone, Tag::kFinalized) == Bytes{0x60, 0x01});
    CHECK(node.last_params == json{account('a'), "finalized"});
    CHECK(node.rpc.call({std::nullopt, someone, {1, 2}, 0}, BlockNum{255}).empty());
    CHECK(node.last_params == json{{{"to", account('a')}, {"data", "0x0102"}}, "0xff"});
    CHECK(node.rpc.estimate_gas({someone, std::nullopt, {}, 5}) == 21'000);
    CHECK(node.last_params == json::array({{{"from", account('a')}, {"data", "0x"}, {"value", "0x5"}}}));
    CHECK(node.rpc.balance(someone, Tag::kPending) == *u256_from_quantity(hash('f')));
    CHECK(node.rpc.transaction_count(someone, Tag::kSafe) == 0);
    CHECK(node.last_params == json{account('a'), "safe"});
    CHECK(node.rpc.send_raw_transaction(Bytes{0x02, 0xc0}).hex() == hash('c'));
    CHECK(node.last_params == json::array({"0x02c0"}));
    CHECK(node.server.connections() == 1);
    CHECK(node.rpc.name().find("sekret") == std::string::npos);
}

TEST_CASE("RPC: headers, by number, tag and hash; absent ones are nullopt") {
    Node node;
    node.results = {{"eth_getBlockByNumber", header_json()}, {"eth_getBlockByHash", header_json()}};
    const Header header = node.rpc.header(BlockNum{16}).value();
    CHECK(node.last_params == json{"0x10", false});
    CHECK(header.ref() == BlockRef{{16}, BlockHash::parse(hash('b')).value()});
    CHECK(header.parent_hash.hex() == hash('e'));
    CHECK(header.timestamp == 1'700'000'000);
    CHECK(header.logs_bloom.bits()[255] == 1);
    CHECK(header.base_fee == U256(7));
    CHECK(header.receipts_root->hex() == hash('7'));
    CHECK(node.rpc.header(header.hash)->number == BlockNum{16});
    CHECK(node.rpc.header(Tag::kLatest)->number == BlockNum{16});
    CHECK(bad_answer([&] { node.rpc.header(BlockNum{17}); }).find("another block") != std::string::npos);
    CHECK(bad_answer([&] { node.rpc.header(header.parent_hash); }).find("another block") !=
          std::string::npos);
    node.results["eth_getBlockByNumber"].erase("baseFeePerGas");
    CHECK_FALSE(node.rpc.header(Tag::kFinalized)->base_fee);
    node.results["eth_getBlockByNumber"].erase("receiptsRoot");
    CHECK_FALSE(node.rpc.header(Tag::kFinalized)->receipts_root);
    node.results = {{"eth_getBlockByNumber", nullptr}, {"eth_getBlockByHash", nullptr}};
    CHECK_FALSE(node.rpc.header(BlockNum{17}));
    CHECK_FALSE(node.rpc.header(header.hash));
}

TEST_CASE("RPC: logs by range and by block; logs that were not requested are refused") {
    Node node;
    node.results["eth_getLogs"] = json::array({log_json(), log_json()});
    const LogFilter filter{{Address::parse(account('a')).value()}, {topic('0'), topic('1')}, {topic('2')}};
    const auto logs = node.rpc.logs(BlockNum{0}, BlockNum{16}, filter);
    CHECK(node.last_params ==
          json::array({{{"fromBlock", "0x0"},
                        {"toBlock", "0x10"},
                        {"address", {account('a')}},
                        {"topics", {{hash('0'), hash('1')}, json::array({hash('2')})}}}}));
    REQUIRE(logs.size() == 2);
    CHECK(logs[0] == logs[1]);
    CHECK(logs[0].address.hex() == account('a'));
    CHECK(logs[0].topics == std::vector{topic('1'), topic('2')});
    CHECK(logs[0].data == Bytes{0x00, 0xff});
    CHECK(logs[0].block_num == BlockNum{16});
    CHECK(logs[0].tx_hash.hex() == hash('c'));
    CHECK(logs[0].tx_index == 2);
    CHECK(logs[0].log_index == 5);
    CHECK(node.rpc.logs(logs[0].block_hash, kAll).size() == 2);
    CHECK(node.last_params == json::array({{{"blockHash", hash('b')}}}));
    node.rpc.logs(logs[0].block_hash, {{}, {}, {topic('2')}});
    CHECK(node.last_params[0]["topics"] == json{nullptr, json::array({hash('2')})});

    CHECK(bad_answer([&] { node.rpc.logs(BlockNum{0}, BlockNum{15}, kAll); }) ==
          "eth_getLogs: result[0] is of a block that was not asked for");
    const BlockHash other = BlockHash::parse(hash('0')).value();
    CHECK(bad_answer([&] { node.rpc.logs(other, kAll); }) ==
          "eth_getLogs: result[0] is of a block that was not asked for");
    const LogFilter elsewhere{{Address::parse(account('0')).value()}, {}, {}};
    CHECK(bad_answer([&] { node.rpc.logs(BlockNum{0}, BlockNum{16}, elsewhere); }) ==
          "eth_getLogs: result[0] does not match the filter");
    node.results["eth_getLogs"][1]["topics"] = json::array();
    CHECK(bad_answer([&] { node.rpc.logs(BlockNum{0}, BlockNum{16}, filter); }) ==
          "eth_getLogs: result[1] does not match the filter");
    node.results["eth_getLogs"] = json::array();
    CHECK(node.rpc.logs(BlockNum{0}, BlockNum{16}, filter).empty());
}

TEST_CASE("RPC: receipts and transactions; absent ones are nullopt") {
    Node node;
    node.results = {{"eth_getTransactionReceipt", receipt_json()},
                    {"eth_getBlockReceipts", json::array({receipt_json()})},
                    {"eth_getTransactionByHash", transaction_json()}};
    const TxHash tx = TxHash::parse(hash('c')).value();
    const BlockHash block = BlockHash::parse(hash('b')).value();
    const Receipt receipt = node.rpc.receipt(tx).value();
    CHECK(receipt.success);
    CHECK(receipt.block == BlockRef{{16}, block});
    CHECK(receipt.from.hex() == account('f'));
    CHECK(receipt.gas_used == 21'000);
    CHECK(receipt.effective_gas_price == 10'000'000'000);
    CHECK_FALSE(receipt.contract_address);
    CHECK(receipt.logs.size() == 1);
    CHECK(node.rpc.block_receipts(block).at(0).tx_hash == tx);
    CHECK(node.last_params == json::array({hash('b')}));
    const TransactionInfo info = node.rpc.transaction(tx).value();
    CHECK(info.nonce == 9);
    CHECK(info.value == U256("1000000000000000000"));
    CHECK(info.input == Bytes{0x77, 0x06, 0xeb, 0xc8});
    CHECK(info.block == BlockRef{{16}, block});

    const TxHash other = TxHash::parse(hash('0')).value();
    CHECK(bad_answer([&] { node.rpc.receipt(other); }).find("another transaction") != std::string::npos);
    CHECK(bad_answer([&] { node.rpc.transaction(other); }).find("another transaction") != std::string::npos);
    CHECK(bad_answer([&] { node.rpc.block_receipts(BlockHash{}); }).find("another block") !=
          std::string::npos);
    node.results["eth_getTransactionReceipt"]["status"] = "0x0";
    node.results["eth_getTransactionReceipt"]["contractAddress"] = account('9');
    CHECK_FALSE(node.rpc.receipt(tx)->success);
    CHECK(node.rpc.receipt(tx)->contract_address->hex() == account('9'));
    node.results["eth_getTransactionByHash"]["blockHash"] = nullptr;
    node.results["eth_getTransactionByHash"]["to"] = nullptr;
    CHECK_FALSE(node.rpc.transaction(tx)->block);
    CHECK_FALSE(node.rpc.transaction(tx)->to);
    node.results.clear();
    CHECK_FALSE(node.rpc.receipt(tx));
    CHECK_FALSE(node.rpc.transaction(tx));
    CHECK(bad_answer([&] { node.rpc.block_receipts(block); }) ==
          "eth_getBlockReceipts: the node does not know this block");
}

TEST_CASE("RPC: members for the receipts root are read if present, and may be absent") {
    Node node;
    const TxHash tx = TxHash::parse(hash('c')).value();
    json answer = receipt_json();
    const auto read = [&] {
        node.results["eth_getTransactionReceipt"] = answer;
        return node.rpc.receipt(tx).value();
    };
    CHECK_FALSE(read().type);
    CHECK_FALSE(read().cumulative_gas_used);
    CHECK_FALSE(read().deposit_nonce);
    answer["type"] = "0x7e";
    answer["cumulativeGasUsed"] = "0xb741";
    answer["depositNonce"] = "0x3d3bbf";
    answer["depositReceiptVersion"] = "0x1";
    CHECK(read().type == 0x7e);
    CHECK(read().cumulative_gas_used == 46'913);
    CHECK(read().deposit_nonce == 4'012'991);
    CHECK(read().deposit_receipt_version == 1);
    auto listed = answer["logs"];
    answer["logs"] = nullptr;
    answer["logsBloom"] = "0x" + std::string(512, '0');
    CHECK(read().logs.empty());
    answer["logsBloom"] = "0x1" + std::string(511, '0');
    CHECK(bad_answer(read) == "eth_getTransactionReceipt: result.logs: missing");
    answer["logs"] = std::move(listed);
    answer["type"] = "0x80";
    CHECK(bad_answer(read) == "eth_getTransactionReceipt: result.type: a type is at most 0x7f (EIP-2718)");
    answer["type"] = "0x0";
    answer.erase("status");
    CHECK(bad_answer(read) == "eth_getTransactionReceipt: result.status: missing");
    answer["root"] = hash('5');
    CHECK(bad_answer(read) ==
          "eth_getTransactionReceipt: result.root: receipts of before Byzantium, which "
          "have no status, are not read");
}

TEST_CASE("RPC: harmless deviations in logs and receipts are accepted") {
    Node node;
    json log = log_json();
    log["removed"] = true;
    log["logIndex"] = "not read";
    json padded = log_json();
    padded["blockNumber"] = "0x" + std::string(62, '0') + "10";
    padded["transactionIndex"] = "0x" + std::string(63, '0') + "2";
    padded["blockTimestamp"] = "0x68f1";
    node.results["eth_getLogs"] = json::array({log, log_json(), log, padded});
    const auto logs = node.rpc.logs(BlockNum{0}, BlockNum{16}, kAll);
    REQUIRE(logs.size() == 2);
    CHECK(logs[0] == logs[1]);
    node.results["eth_getLogs"] = nullptr;
    CHECK(node.rpc.logs(BlockNum{0}, BlockNum{16}, kAll).empty());

    const TxHash tx = TxHash::parse(hash('c')).value();
    json receipt = receipt_json();
    receipt["effectiveGasPrice"] = nullptr;
    node.results["eth_getTransactionReceipt"] = receipt;
    CHECK_FALSE(node.rpc.receipt(tx)->effective_gas_price);
    receipt.erase("effectiveGasPrice");
    node.results["eth_getBlockReceipts"] = json::array({receipt});
    CHECK_FALSE(node.rpc.block_receipts(BlockHash::parse(hash('b')).value()).at(0).effective_gas_price);
}

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
    HttpRpc rpc(busy.url(), Millis(5'000));
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
    HttpRpc rpc(huge.url(), Millis(10'000));
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
