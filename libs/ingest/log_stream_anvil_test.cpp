// LogStream against a real node.
#include <catch2/catch.hpp>

#include "crypto/signer.hpp"
#include "eth/codec/transaction.hpp"
#include "ingest/detail/stream_reader.hpp"
#include "ingest/testing/memory_sink.hpp"
#include "rpcpool/multi_rpc.hpp"
#include "testkit/patience.hpp"
#include "testkit/process.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::ingest;

namespace {

/// Creation code of a contract that logs LOG1(topic 0x…01) at every call: PUSH 1, PUSH 0, PUSH 0, LOG1, STOP.
const Bytes kLogger = *from_hex("0x67600160006000a10060005260086018f3");

struct Node {
    testkit::TempDir dir{"chain"};
    testkit::Anvil anvil{dir.path(), {ChainId{97}, 0, 32}};
    SystemClock clock;
    rpcpool::MultiRpc rpc{{.urls = {anvil.url()}, .chain = ChainId{97}, .timeout = testkit::kCallTimeout},
                          clock,
                          telemetry::Log::none()};
    std::unique_ptr<crypto::LocalSigner> signer =
        std::move(crypto::LocalSigner::from_hex(testkit::dev_key(0))).value();
    telemetry::Metrics metrics;
    std::uint64_t nonce = 0;

    eth::Receipt send(std::optional<Address> to, const Bytes& data) {
        const eth::Transaction tx{ChainId{97}, nonce++, {false, 10'000'000'000, 1'000'000'000}, 200'000, to,
                                  0,           data};
        const auto raw = eth::sign(tx, *signer);
        rpc.send_raw_transaction(raw.raw);
        std::optional<eth::Receipt> receipt;
        REQUIRE(testkit::wait_until([&] { return (receipt = rpc.receipt(raw.hash)).has_value(); }));
        REQUIRE(receipt->success);
        return *receipt;
    }
};

}  // namespace

TEST_CASE("a real node: logs are read, and a reorg is followed") {
    Node node;
    const auto contract = *node.send(std::nullopt, kLogger).contract_address;
    for (int i = 0; i < 5; ++i) {
        node.send(contract, {});
    }
    MemorySink sink;
    StreamConfig config;
    config.name = "anvil";
    config.contracts = {contract};
    config.finality = *parse_finality("latest");
    StreamReader reader(config, node.rpc, sink, node.clock, telemetry::Log::none(), node.metrics);
    const auto settle = [&] {
        for (int i = 0; i < 200; ++i) {
            if (reader.step() == StreamReader::Progress::kNothing) {
                return;
            }
        }
        FAIL("the stream does not settle");
    };
    settle();
    CHECK(sink.rows.size() == 5);
    CHECK(sink.at->number == node.rpc.block_number());
    node.anvil.call("anvil_reorg", "[3, []]");
    settle();
    CHECK(sink.unwinds == 1);
    CHECK(sink.rows.size() == 2);
    CHECK(sink.at->hash == node.rpc.header(eth::Tag::kLatest)->hash);
    node.nonce -= 3;
    node.send(contract, {});
    settle();
    CHECK(sink.rows.size() == 3);
}
