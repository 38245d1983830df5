// Compares receipts roots with those of a real node.
#include <catch2/catch.hpp>

#include "eth/codec/receipts_root.hpp"
#include "eth/rpc_client.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::eth;

namespace {

/// Creation code of a contract: reverts if called without data; else emits three logs: the data with four
/// topics, no data with one, the data with none.
const std::string kThreeLogs =
    "0x6029600c60003960296000f3"
    "3615602357"
    "366000600037"
    "6004600360026001366000a4"
    "600160006000a1"
    "366000a0"
    "005b60006000fd";

struct Node {
    testkit::TempDir dir{"receipts"};
    testkit::Anvil anvil{dir.path(), {ChainId{97}, 0, 1}};
    HttpRpc rpc{anvil.url(), Millis(30'000)};
    std::string from;
    std::string contract;

    Node() {
        const std::string accounts = anvil.call("eth_accounts", "[]");
        from = accounts.substr(2, 42);
        // No automatic mining: an automatic block is mined some time after the answer to its transaction.
        anvil.call("evm_setAutomine", "[false]");
        send("\"data\":\"" + kThreeLogs + "\",\"type\":\"0x2\"");
        contract = mine().at(0).contract_address->hex();
    }
    void send(const std::string& members) {
        anvil.call("eth_sendTransaction", R"([{"from":")" + from + R"(","gas":"0x30d40",)" + members + "}]");
    }
    void call(const std::string& data, const std::string& type) {
        send("\"to\":\"" + contract + "\",\"data\":\"" + data + "\"," + type);
    }
    /// Mines a block, checks its receipts against the header and returns them.
    std::vector<Receipt> mine() {
        anvil.call("evm_mine", "[]");
        const Header head = rpc.header(Tag::kLatest).value();
        const auto receipts = rpc.block_receipts(head.hash);
        const auto checked = check_receipts(head, receipts);
        INFO((checked ? "" : checked.error().message + " at " + checked.error().where));
        CHECK(checked.ok());
        return receipts;
    }
};

const std::string kLegacy = R"("type":"0x0","gasPrice":"0x77359400")";
const std::string kAccessList = R"("type":"0x1","accessList":[],"gasPrice":"0x77359400")";
const std::string kDynamicFee =
    R"("type":"0x2","maxFeePerGas":"0x77359400","maxPriorityFeePerGas":"0x3b9aca00")";

}  // namespace

TEST_CASE("Receipts root: a real node's blocks, of every type, with several logs, with failures") {
    Node node;
    CHECK(node.mine().empty());
    node.call("0x01", kLegacy);
    CHECK(node.mine().size() == 1);
    node.call("0x" + std::string(2 * 300, 'a'), kLegacy);
    node.call("0x02", kAccessList);
    node.call("0x", kDynamicFee);
    node.call("0x0304", kDynamicFee);
    const auto receipts = node.mine();
    REQUIRE(receipts.size() == 4);
    CHECK(receipts[0].type == 0);
    CHECK(receipts[1].type == 1);
    CHECK(receipts[2].type == 2);
    CHECK_FALSE(receipts[2].success);
    CHECK(receipts[2].logs.empty());
    CHECK(receipts[3].logs.size() == 3);
    CHECK(receipts[3].logs[0].log_index == 6);
}

TEST_CASE("Receipts root: a real node's block of more than 256 transactions") {
    Node node;
    for (int i = 0; i < 260; ++i) {
        const std::string data =
            i % 13 == 0 ? "0x" : "0x" + std::string(static_cast<std::size_t>(2 + 2 * (i % 40)), 'b');
        node.call(data, i % 3 == 0 ? kLegacy : i % 3 == 1 ? kAccessList : kDynamicFee);
    }
    const auto receipts = node.mine();
    REQUIRE(receipts.size() == 260);
    // One receipt less, or two exchanged, is another block.
    auto fewer = receipts;
    fewer.pop_back();
    CHECK(receipts_root(fewer).value() != receipts_root(receipts).value());
    auto exchanged = receipts;
    std::swap(exchanged[200], exchanged[201]);
    CHECK(receipts_root(exchanged).value() != receipts_root(receipts).value());
}
