// Vectors: receipts and header roots of Manta Pacific Sepolia (an OP-stack chain), from the tests of reth and
// alloy. Blocks with other types and many receipts: receipts_anvil_test.cpp.
#include "eth/codec/receipts_root.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::eth;

namespace {

Receipt receipt(std::uint8_t type, std::uint64_t cumulative_gas) {
    Receipt out;
    out.success = true;
    out.type = type;
    out.cumulative_gas_used = cumulative_gas;
    return out;
}

Receipt deposit(std::uint64_t cumulative_gas, std::uint64_t nonce,
                std::optional<std::uint64_t> version = {}) {
    Receipt out = receipt(0x7e, cumulative_gas);
    out.deposit_nonce = nonce;
    out.deposit_receipt_version = version;
    return out;
}

Topic topic(const char* hex) {
    return Topic::parse(hex).value();
}

/// Manta Sepolia, block 836765: a deposit and a token transfer.
std::vector<Receipt> mixed_block() {
    Log transfer;
    transfer.address = Address::parse("0x9c76c6304885661cdb97f3984b13114b6d4b5248").value();
    transfer.topics = {topic("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"),
                       topic("0x00000000000000000000000070ce2d9bb8502e302b9cbe5c56a5d0f1067da713"),
                       topic("0x000000000000000000000000717c7f9822e8c2ae6a64773f7a92727755a7e2fc")};
    transfer.data = from_hex("0x00000000000000000000000000000000000000000000003635c9adc5dea00000").value();
    transfer.tx_index = 1;
    std::vector<Receipt> out{deposit(0xccfd, 0xcc49c), receipt(2, 0x18336)};
    out[1].logs = {transfer};
    return out;
}

Header mixed_header() {
    Header out;
    out.receipts_root =
        ReceiptsRoot::parse("0x11e432ab48d8ffcb3278758a25fb2e10ba1267feae336da97a0f7bc861c74bbe").value();
    return out;
}

std::string root(const std::vector<Receipt>& receipts) {
    return receipts_root(receipts).value().hex();
}

}  // namespace

TEST_CASE("Receipts root: a block without transactions has the root of the empty trie") {
    CHECK(root({}) == "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
}

TEST_CASE("Receipts root: blocks of an OP-stack chain; before Canyon a deposit's nonce is not hashed") {
    CHECK(root({deposit(0xf9f5, 0xd2df2)}) ==
          "0x3c715dd96d2597ccd46fde046da5e4b13e0a5b7d0a2ff60c3ee6c92fee9600ea");
    CHECK(root({deposit(0xccfd, 0x86147)}) ==
          "0xdbf9def3e8d930433596aa91b3ad3279652031ca45b1a3ca92785703f84aa6b0");
    CHECK(root({deposit(0xc545, 0xaa547)}) ==
          "0x0e7c255df3e2b7ca4d55b82047531f7f3e7437ab1eb33e22eca70653c874982d");
    CHECK(root(mixed_block()) == mixed_header().receipts_root->hex());
}

TEST_CASE("Receipts root: from Canyon on a deposit's nonce and version are hashed") {
    const std::string without_logs = std::string(512, '0') + "c0";
    CHECK(to_hex(encode_receipt(deposit(46'913, 4'012'991, 1)).value()) ==
          "0x7ef9010d0182b741b90100" + without_logs + "833d3bbf01");
    CHECK(to_hex(encode_receipt(deposit(46'913, 4'012'991)).value()) ==
          "0x7ef901080182b741b90100" + without_logs);
    auto no_nonce = deposit(46'913, 0, 1);
    no_nonce.deposit_nonce.reset();
    CHECK(encode_receipt(no_nonce).error().where == "depositNonce");
}

TEST_CASE("Receipts root: a member that a node omits is named, with the receipt") {
    auto receipts = mixed_block();
    receipts[1].type.reset();
    CHECK(receipts_root(receipts).error() ==
          Error{"incomplete_receipt", "the node omits type of this receipt", "receipts[1].type"});
    receipts = mixed_block();
    receipts[0].cumulative_gas_used.reset();
    CHECK(check_receipts(mixed_header(), receipts).error().where == "receipts[0].cumulativeGasUsed");
    CHECK(check_receipts(Header{}, mixed_block()).error().code == "no_receipts_root");
}

TEST_CASE("Receipts root: an added, hidden, changed or moved event is detected") {
    const auto refused = [](auto change) {
        auto receipts = mixed_block();
        change(receipts);
        const auto checked = check_receipts(mixed_header(), receipts);
        return !checked.ok() && checked.error().code == "wrong_receipts";
    };
    CHECK(check_receipts(mixed_header(), mixed_block()).ok());
    CHECK(refused([](auto& r) { r[1].logs.clear(); }));
    CHECK(refused([](auto& r) { r[0].logs = r[1].logs; }));
    CHECK(refused([](auto& r) { r.pop_back(); }));
    CHECK(refused([](auto& r) { r.push_back(r[1]); }));
    CHECK(refused([](auto& r) { std::swap(r[0], r[1]); }));
    CHECK(refused([](auto& r) { r[1].success = false; }));
    CHECK(refused([](auto& r) { r[1].type = 0; }));
    CHECK(refused([](auto& r) { r[1].logs[0].data.back() = 1; }));
    CHECK(refused([](auto& r) { r[1].logs[0].topics.pop_back(); }));
    CHECK(refused([](auto& r) { r[1].logs[0].address = Address(); }));
    // The root does not cover these two; their positions do.
    CHECK(refused([](auto& r) { r[1].logs[0].log_index = 1; }));
    CHECK(refused([](auto& r) { r[1].logs[0].tx_index = 0; }));
}
