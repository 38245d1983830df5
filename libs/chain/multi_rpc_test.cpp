// Several endpoints behind one: who is asked, who is left alone, who is never used.
#include "chain/multi_rpc.hpp"

#include <catch2/catch.hpp>

#include "crypto/signer.hpp"
#include "eth/codec/transaction.hpp"
#include "net/testing/loopback_server.hpp"
#include "simulator/simulated_network.hpp"

using namespace lamda;
using namespace lamda::chain;
using simulator::EndpointPlan;
using simulator::Fault;

namespace {

struct World {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    simulator::ScriptedChain chain{1, clock};
    simulator::SimulatedNetwork network{clock, chain, 1, {plan("first"), plan("second"), plan("third")}};
    std::unique_ptr<MultiRpc> rpc;

    static EndpointPlan plan(const std::string& name) {
        EndpointPlan out;
        out.url = "http://" + name + "/key-in-the-path";
        out.latency = Millis(10);
        out.jitter = Millis(0);
        return out;
    }
    explicit World(std::optional<ChainId> expected = ChainId{97}, unsigned agreement = 1) {
        for (int i = 0; i < 100; ++i) {
            clock.advance(Millis(450));
            chain.mine();
        }
        RpcConfig config;
        config.urls = network.urls();
        config.chain = expected;
        config.agreement = agreement;
        config.jitter_seed = 1;
        rpc = std::make_unique<MultiRpc>(config, clock, telemetry::Log::none(), network);
    }
    EndpointPlan& at(std::size_t i) { return network.plan(network.urls()[i]); }
    std::uint64_t calls(std::size_t i) const { return network.calls(network.urls()[i]); }
    EndpointNote note(std::size_t i) { return rpc->endpoints().notes()[i]; }
};

}  // namespace

TEST_CASE("the first endpoint answers, and nobody else is asked") {
    World world;
    for (int i = 0; i < 10; ++i) {
        CHECK(world.rpc->block_number() == BlockNum{100});
    }
    CHECK(world.calls(0) == 11);  // and once for its chain id
    CHECK(world.calls(1) == 0);
    CHECK(world.note(0).state == EndpointNote::State::kGood);
    CHECK(world.note(0).name.find("key-in-the-path") == std::string::npos);
}

TEST_CASE("an endpoint that fails is left alone for a while that grows, and then asked again") {
    const auto fault =
        GENERATE(Fault::kRefused, Fault::kServerError, Fault::kCut, Fault::kGarbage, Fault::kTooMany);
    World world;
    CHECK(world.rpc->block_number() == BlockNum{100});
    world.at(0).rates[fault] = 1;
    CHECK(world.rpc->block_number() == BlockNum{100});
    CHECK(world.note(0).state == EndpointNote::State::kResting);
    CHECK_FALSE(world.note(0).trouble.empty());
    const auto calls = world.calls(0);
    for (int i = 0; i < 5; ++i) {
        CHECK(world.rpc->block_number() == BlockNum{100});
    }
    CHECK(world.calls(0) == calls);

    world.at(0).rates.clear();
    world.at(1).rates[Fault::kRefused] = 1;
    world.at(2).rates[Fault::kRefused] = 1;
    world.clock.advance(Millis(120'000));
    CHECK(world.rpc->block_number() == BlockNum{100});
    CHECK(world.calls(0) > calls);
    CHECK(world.note(0).state == EndpointNote::State::kGood);
}

TEST_CASE("when the endpoint is slow, another is asked as well, and the first answer wins") {
    World world;
    CHECK(world.rpc->block_number() == BlockNum{100});
    world.at(0).rates[Fault::kHang] = 1;
    const auto before = world.clock.steady();
    CHECK(world.rpc->block_number() == BlockNum{100});
    CHECK(world.clock.steady() - before < Millis(500));  // its time-out is 10 s
    CHECK(world.calls(1) == 2);
    CHECK(world.calls(2) == 0);
}

TEST_CASE("who asks to be left alone is left alone, though there be nobody else") {
    World world;
    CHECK(world.rpc->block_number() == BlockNum{100});
    for (std::size_t i = 0; i < 3; ++i) {
        world.at(i).rates[Fault::kTooMany] = 1;
        world.at(i).retry_after = Millis(30'000);
    }
    CHECK_THROWS_AS(world.rpc->block_number(), eth::BadAnswer);
    const auto calls = world.network.calls();
    CHECK_THROWS_WITH(world.rpc->block_number(), Catch::Contains("left alone"));
    CHECK(world.network.calls() == calls);
    CHECK(world.network.impatient_calls() == 0);
    for (std::size_t i = 0; i < 3; ++i) {
        world.at(i).rates.clear();
    }
    world.clock.advance(Millis(31'000));
    CHECK(world.rpc->block_number() == BlockNum{100});
}

TEST_CASE(
    "a pause that was asked for is neither ended by an answer to an earlier question nor cut by a failure") {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    Endpoints endpoints({"http://a/", "http://b/"}, ChainId{97}, clock, telemetry::Log::none(), 1);
    const auto asks = [](Millis pause) { return eth::BadAnswer(429, "HTTP 429", pause); };
    const auto others = std::vector<std::size_t>{1};
    endpoints.failed(0, asks(Millis(30'000)));
    SECTION("an answer") {
        endpoints.answered(0, Millis(5));
    }
    SECTION("another failure, after which it would rest for a shorter time") {
        endpoints.failed(0, std::runtime_error("cut"));
    }
    SECTION("a shorter pause") {
        endpoints.failed(0, asks(Millis(1'000)));
    }
    CHECK(endpoints.left_alone(0));
    CHECK(endpoints.candidates() == others);
    clock.advance(Millis(29'000));
    CHECK(endpoints.candidates() == others);
    CHECK_FALSE(endpoints.worth_a_probe(0));
    clock.advance(Millis(1'000));
    CHECK_FALSE(endpoints.left_alone(0));
    CHECK(endpoints.candidates().size() == 2);
}

TEST_CASE(
    "a short pause that was asked for is kept though the endpoint's rest is longer and nobody else is "
    "there") {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    Endpoints endpoints({"http://a/"}, ChainId{97}, clock, telemetry::Log::none(), 1);
    for (int i = 0; i < 6; ++i) {
        endpoints.failed(0, std::runtime_error("cut"));
    }
    CHECK(endpoints.candidates().size() == 1);  // it rests, and is all there is
    endpoints.failed(0, eth::BadAnswer(429, "HTTP 429", Millis(1'000)));
    CHECK(endpoints.candidates().empty());
    clock.advance(Millis(1'000));
    CHECK(endpoints.candidates().size() == 1);
}

TEST_CASE("a question that nodes differ on is put to another one when the first says no") {
    World world;
    world.at(0).no_receipts = true;
    const auto hash = world.chain.at(50).hash;
    CHECK(world.rpc->block_receipts(hash).empty());
    CHECK(world.calls(1) > 0);
}

TEST_CASE("an endpoint on another chain is never used, and shown") {
    World world;
    world.at(0).chain = ChainId{1};
    CHECK(world.rpc->chain_id() == ChainId{97});
    for (int i = 0; i < 5; ++i) {
        CHECK(world.rpc->block_number() == BlockNum{100});
    }
    CHECK(world.calls(0) == 1);
    CHECK(world.note(0).state == EndpointNote::State::kExcluded);
    CHECK(world.note(0).trouble == "is on chain 1 instead of 97");
}

TEST_CASE("all endpoints on another chain contradict the configuration") {
    World world;
    for (std::size_t i = 0; i < 3; ++i) {
        world.at(i).chain = ChainId{1 + i};
    }
    CHECK_THROWS_AS(world.rpc->block_number(), ConfigContradiction);
}

TEST_CASE("one endpoint on another chain contradicts nothing while the others are not there") {
    World world;
    world.at(0).chain = ChainId{1};
    world.at(1).rates[Fault::kRefused] = 1;
    world.at(2).rates[Fault::kServerError] = 1;
    for (int i = 0; i < 5; ++i) {
        try {
            world.rpc->block_number();
            FAIL("an answer came");
        } catch (const ConfigContradiction& error) {
            FAIL(error.what());
        } catch (const std::exception&) {
            world.clock.advance(Millis(10'000));
        }
    }
    world.at(1).rates.clear();
    CHECK(world.rpc->block_number() == BlockNum{100});
}

TEST_CASE("without an expected chain, that of the first to answer is kept to") {
    World world(std::nullopt);
    world.at(1).chain = ChainId{56};
    world.at(2).chain = ChainId{56};
    CHECK(world.rpc->chain_id() == ChainId{97});
    world.at(0).rates[Fault::kRefused] = 1;
    for (int i = 0; i < 5; ++i) {
        CHECK_THROWS_AS(world.rpc->block_number(), net::TransportError);
    }
}

TEST_CASE("probes tell the heads of all endpoints, and one that lags is asked last") {
    World world;
    world.at(0).lag = 40;
    world.at(0).rates[Fault::kLag] = 1;
    CHECK(world.rpc->chain_id() == ChainId{97});
    for (int i = 0; i < 4; ++i) {
        world.rpc->probe();
        world.clock.advance(Millis(6'000));
    }
    world.rpc->probe();
    REQUIRE(world.note(0).head);
    CHECK(*world.note(0).head == BlockNum{60});
    CHECK(world.note(1).head == BlockNum{100});
    CHECK(world.rpc->block_number() == BlockNum{100});
}

TEST_CASE("a finalized block is believed when enough endpoints name its hash") {
    World world(ChainId{97}, 2);
    CHECK(world.rpc->header(eth::Tag::kFinalized)->number == BlockNum{68});
    CHECK(world.calls(1) > 0);
    CHECK(world.calls(2) == 0);
    SECTION("one that is away is made up for by another") {
        world.at(1).rates[Fault::kRefused] = 1;
        world.chain.mine();
        CHECK(world.rpc->header(eth::Tag::kFinalized)->number == BlockNum{69});
        CHECK(world.calls(2) > 0);
    }
    SECTION("too few are a disagreement") {
        world.at(1).rates[Fault::kRefused] = 1;
        world.at(2).rates[Fault::kRefused] = 1;
        world.chain.mine();
        CHECK_THROWS_AS(world.rpc->header(eth::Tag::kFinalized), Disagreement);
    }
}

TEST_CASE("what was learned of endpoints is recalled by their URLs") {
    World world;
    world.rpc->endpoints().range_failed(1, 100);
    world.rpc->endpoints().logs_refused(2);
    world.rpc->endpoints().logs_refused(2);
    world.rpc->endpoints().logs_refused(2);
    const auto notes = world.rpc->endpoints().notes();
    CHECK(notes[0].max_range == 0);
    CHECK(notes[1].max_range > 0);
    CHECK_FALSE(notes[2].answers_logs);

    World later;
    later.rpc->endpoints().recall(notes);
    CHECK(later.rpc->endpoints().notes()[1].max_range == notes[1].max_range);
    CHECK(later.rpc->endpoints().answers_logs(2));  // until it refuses once more
    later.rpc->endpoints().logs_refused(2);
    CHECK_FALSE(later.rpc->endpoints().answers_logs(2));
}

namespace {

/// What nodes say of themselves under HTTP 200.
const std::vector<EndpointPlan::OwnTrouble> kOwnTroubles{
    {-32005, "limit exceeded"},
    {-32000, "missing trie node 5a1f (path ) state 0x5a1f is not available"},
    {-32000, "header not found"},
    {-32000, "transaction indexing is in progress"},
    {-32601, "the method does not exist/is not available"},
    {0, ""}};

/// One question by each method that a sender asks, and the method.
const std::map<std::string, std::function<void(MultiRpc&)>> kQuestions{
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

TEST_CASE("an error object that is no revert is that endpoint's: another answers, the method rests there") {
    for (const auto& trouble : kOwnTroubles) {
        for (const auto& [method, ask] : kQuestions) {
            INFO(method << ": " << trouble.text);
            World world;
            world.at(0).troubles[method] = trouble;
            ask(*world.rpc);
            CHECK(world.calls(1) > 0);
            const auto calls = world.calls(0);
            if (!method.starts_with("eth_getTransaction") || method == "eth_getTransactionCount") {
                ask(*world.rpc);  // within the rest
                CHECK(world.calls(0) == calls);
            }
            // Once it rests no more it is asked again, and when it answers it is as good as before.
            world.at(0).troubles.clear();
            world.clock.advance(Millis(600));
            ask(*world.rpc);
            CHECK(world.note(0).state != EndpointNote::State::kResting);
        }
    }
}

TEST_CASE("a method that rests at an endpoint keeps no other method away from it") {
    World world;
    world.at(0).troubles["eth_call"] = {-32005, "limit exceeded"};
    world.at(1).rates[Fault::kRefused] = 1;
    world.at(2).rates[Fault::kRefused] = 1;
    CHECK_THROWS_AS(world.rpc->call({}, eth::Tag::kLatest), std::exception);
    CHECK(world.rpc->block_number() == BlockNum{100});
    CHECK(world.note(0).state == EndpointNote::State::kGood);
}

TEST_CASE("when every endpoint is in trouble, its words are the error, and none of it is a revert") {
    World world;
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

TEST_CASE("a revert is not asked for a second time") {
    World world;
    world.chain.reverts = {Bytes{1, 2, 3, 4}};
    eth::CallRequest request;
    request.data = {1, 2, 3, 4};
    CHECK_THROWS_AS(world.rpc->estimate_gas(request), eth::RpcError);
    CHECK_THROWS_AS(world.rpc->call(request, eth::Tag::kLatest), eth::RpcError);
    CHECK(world.calls(1) == 0);
}

TEST_CASE("an endpoint that refuses to name its chain is in trouble, and its refusal answers nothing") {
    World world;
    world.at(0).troubles["eth_chainId"] = {-32005, "limit exceeded"};
    world.chain.reverts = {Bytes{1, 2, 3, 4}};
    CHECK(world.rpc->estimate_gas({}) > 0);
    CHECK(world.note(0).state == EndpointNote::State::kResting);
    CHECK(world.note(0).trouble == "eth_chainId: limit exceeded");
}

TEST_CASE("a batch in which an endpoint answers nothing goes to the next one as a batch") {
    World world;
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
    World world;
    for (std::size_t i = 0; i < 3; ++i) {
        world.at(i).troubles["eth_getTransactionReceipt"] = {-32000, "transaction indexing is in progress"};
    }
    for (const auto& one : world.rpc->receipts(std::vector<TxHash>(100))) {
        CHECK(one.failure == "transaction indexing is in progress");
    }
    CHECK(world.network.calls() < 20);
}

TEST_CASE(
    "a transaction whose hash one endpoint has forgotten is found at another, and by its place at each") {
    World world;
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
