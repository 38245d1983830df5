// Tests of requests and of the results that a node answers with.
#include <catch2/catch.hpp>

#include "eth/rpc_client.hpp"
#include "eth/testing/rpc_node.hpp"

using namespace lamda;
using namespace lamda::eth;
using namespace lamda::eth::testing;

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
