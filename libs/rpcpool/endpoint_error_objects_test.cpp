// Error objects under HTTP 200 that concern the endpoint alone, and batches that are answered in part.
#include "crypto/signer.hpp"
#include "eth/codec/transaction.hpp"
#include "rpcpool/testing/three_endpoints.hpp"

using namespace lamda;
using namespace lamda::rpcpool;

namespace {

/// Error objects in which a node reports its own state.
const std::vector<EndpointPlan::OwnTrouble> kOwnErrors{
    {-32005, "limit exceeded"},
    {-32000, "missing trie node 5a1f (path ) state 0x5a1f is not available"},
    {-32000, "header not found"},
    {-32000, "transaction indexing is in progress"},
    {-32601, "the method does not exist/is not available"},
    {0, ""}};

/// One call of each method that a sender uses, by method.
const std::map<std::string, std::function<void(MultiRpc&)>> kCalls{
    {"eth_call", [](MultiRpc& rpc) { rpc.call({}, eth::Tag::kLatest); }},
    {"eth_estimateGas", [](MultiRpc& rpc) { CHECK(rpc.estimate_gas({}) > 0); }},
    {"eth_getBalance", [](MultiRpc& rpc) { CHECK(rpc.balance({}, eth::Tag::kLatest) > 0); }},
    {"eth_getTransactionCount",
     [](MultiRpc& rpc) { CHECK(rpc.transaction_count({}, eth::Tag::kLatest) == 0); }},
    {"eth_gasPrice", [](MultiRpc& rpc) { CHECK(rpc.gas_price() > 0); }},
    {"eth_blockNumber", [](MultiRpc& rpc) { CHECK(rpc.block_number() == BlockNum{100}); }},
    {"eth_getBlockByNumber", [](MultiRpc& rpc) { CHECK(rpc.header(eth::Tag::kLatest)); }},
    {"eth_getTransactionReceipt", [](MultiRpc& rpc) { CHECK_FALSE(rpc.receipt(TxHash{})); }},
    {"eth_getTransactionByHash", [](MultiRpc& rpc) { CHECK_FALSE(rpc.transaction(TxHash{})); }}};

}  // namespace

TEST_CASE("an error object that is no revert concerns one endpoint: another answers, the method backs off") {
    for (const auto& last_error : kOwnErrors) {
        for (const auto& [method, ask] : kCalls) {
            INFO(method << ": " << last_error.text);
            ThreeEndpoints world;
            world.at(0).troubles[method] = last_error;
            ask(*world.rpc);
            CHECK(world.calls(1) > 0);
            const auto calls = world.calls(0);
            if (!method.starts_with("eth_getTransaction") || method == "eth_getTransactionCount") {
                ask(*world.rpc);  // during the back-off
                CHECK(world.calls(0) == calls);
            }
            // After the back-off the endpoint is called again; an answer restores its state.
            world.at(0).troubles.clear();
            world.clock.advance(Millis(600));
            ask(*world.rpc);
            CHECK(world.note(0).state != EndpointNote::State::kResting);
        }
    }
}

TEST_CASE("back-off of one method at an endpoint does not stop its other methods") {
    ThreeEndpoints world;
    world.at(0).troubles["eth_call"] = {-32005, "limit exceeded"};
    world.at(1).rates[Fault::kRefused] = 1;
    world.at(2).rates[Fault::kRefused] = 1;
    CHECK_THROWS_AS(world.rpc->call({}, eth::Tag::kLatest), std::exception);
    CHECK(world.rpc->block_number() == BlockNum{100});
    CHECK(world.note(0).state == EndpointNote::State::kGood);
}

TEST_CASE("when every endpoint fails, the error is the endpoint's message and is no revert") {
    ThreeEndpoints world;
    for (std::size_t i = 0; i < 3; ++i) {
        world.at(i).troubles["eth_estimateGas"] = {-32005, "limit exceeded"};
    }
    try {
        world.rpc->estimate_gas({});
        FAIL("an answer");
    } catch (const eth::RpcError& error) {
        CHECK_FALSE(error.is_revert());
        CHECK(error.what() == std::string("limit exceeded"));
    }
}

TEST_CASE("a call that reverts is not repeated at another endpoint") {
    ThreeEndpoints world;
    world.chain.reverts = {Bytes{1, 2, 3, 4}};
    eth::CallRequest request;
    request.data = {1, 2, 3, 4};
    CHECK_THROWS_AS(world.rpc->estimate_gas(request), eth::RpcError);
    CHECK_THROWS_AS(world.rpc->call(request, eth::Tag::kLatest), eth::RpcError);
    CHECK(world.calls(1) == 0);
}

TEST_CASE("an endpoint that refuses eth_chainId counts as failed, and its refusal is not the call's result") {
    ThreeEndpoints world;
    world.at(0).troubles["eth_chainId"] = {-32005, "limit exceeded"};
    world.chain.reverts = {Bytes{1, 2, 3, 4}};
    CHECK(world.rpc->estimate_gas({}) > 0);
    CHECK(world.note(0).state == EndpointNote::State::kResting);
    CHECK(world.note(0).last_error == "eth_chainId: limit exceeded");
}

TEST_CASE("a batch in which an endpoint answers nothing goes to the next one as a batch") {
    ThreeEndpoints world;
    world.at(0).troubles["eth_getTransactionReceipt"] = {-32000, "transaction indexing is in progress"};
    CHECK(world.rpc->block_number() == BlockNum{100});
    const auto lookups = world.rpc->receipts(std::vector<TxHash>(50));
    CHECK(lookups.size() == 50);
    for (const auto& one : lookups) {
        CHECK(one.failure.empty());
    }
    CHECK(world.network.calls() < 8);
}

TEST_CASE("a batch that no endpoint answers is not repeated call by call") {
    ThreeEndpoints world;
    for (std::size_t i = 0; i < 3; ++i) {
        world.at(i).troubles["eth_getTransactionReceipt"] = {-32000, "transaction indexing is in progress"};
    }
    for (const auto& one : world.rpc->receipts(std::vector<TxHash>(100))) {
        CHECK(one.failure == "transaction indexing is in progress");
    }
    CHECK(world.network.calls() < 20);
}

TEST_CASE(
    "a transaction that one endpoint no longer finds by hash is found at another, and at each by its place") {
    ThreeEndpoints world;
    const auto signer = *crypto::LocalSigner::from_hex(std::string(63, '0') + "1");
    eth::Transaction tx;
    tx.chain_id = ChainId{97};
    tx.fee = {false, 10'000, 100};
    tx.gas_limit = 21'000;
    tx.to = Address{};
    const auto hash = world.chain.send_raw_transaction(eth::sign(tx, *signer).raw);
    world.chain.mine();
    const auto& block = world.chain.at(world.chain.height());
    world.at(0).hashes_forgotten_below = 1'000;
    CHECK(world.rpc->transaction(hash));
    CHECK(world.rpc->receipt(hash));
    CHECK(world.calls(1) > 0);
    for (std::size_t i = 1; i < 3; ++i) {
        world.at(i).hashes_forgotten_below = 1'000;
    }
    CHECK_FALSE(world.rpc->transaction(hash));
    const auto found = world.rpc->transaction(eth::TxPlace{hash, block.hash, 0});
    REQUIRE(found);
    CHECK(found->hash == hash);
    CHECK_FALSE(world.rpc->transaction(eth::TxPlace{hash, block.hash, 1}));
    CHECK_THROWS_AS(world.rpc->transaction(eth::TxPlace{TxHash{}, block.hash, 0}), eth::BadAnswer);
}
