// Endpoints that answer with useless or wrong content.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "net/testing/loopback_server.hpp"
#include "rpcpool/multi_rpc.hpp"

using namespace lamda;
using namespace lamda::rpcpool;

TEST_CASE("HTML pages under HTTP 200 never exclude an endpoint, however long they are served") {
    using net::testing::LoopbackServer;
    LoopbackServer node([](const auto&) { return LoopbackServer::reply("<!DOCTYPE html><html></html>"); });
    const FakeClock clock(*parse_rfc3339("2026-11-20T10:00:00Z"));
    MultiRpc rpc({.urls = {node.url()}, .chain = std::nullopt, .timeout = Millis(60'000)}, clock,
                 telemetry::Log::none());
    for (int i = 0; i < 10; ++i) {
        CHECK_THROWS_AS(rpc.chain_id(), eth::BadAnswer);
        clock.advance(Millis(40'000));
    }
    CHECK(rpc.endpoints().notes()[0].state != EndpointNote::State::kExcluded);
}

namespace {

/// The second endpoint is healthy; the first answers `method` with an error object under HTTP 200.
struct OneFails {
    explicit OneFails(std::string method, std::string result)
        : failing([method, result](const auto& request) {
              return net::testing::LoopbackServer::reply(answer(request.body, method, result));
          }),
          healthy([result](const auto& request) {
              return net::testing::LoopbackServer::reply(answer(request.body, "", result));
          }),
          rpc({.urls = {failing.url(), healthy.url()}, .chain = ChainId{97}, .timeout = Millis(60'000)},
              clock, telemetry::Log::none()) {}

    static std::string answer(const std::string& body, const std::string& bad, const std::string& result) {
        const auto call = nlohmann::json::parse(body);
        nlohmann::json out{{"jsonrpc", "2.0"}, {"id", call["id"]}};
        if (call["method"] == bad) {
            out["error"] = {{"code", -32000}, {"message", "missing trie node"}};
        } else if (call["method"] == "eth_chainId") {
            out["result"] = "0x61";
        } else {
            out["result"] = nlohmann::json::parse(result);
        }
        return out.dump();
    }

    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    net::testing::LoopbackServer failing;
    net::testing::LoopbackServer healthy;
    MultiRpc rpc;
};

}  // namespace

TEST_CASE("an error object in answer to a read concerns one endpoint: the next one answers") {
    SECTION("block number") {
        OneFails it("eth_blockNumber", R"("0x7")");
        CHECK(it.rpc.block_number() == BlockNum{7});
    }
    SECTION("balance") {
        OneFails it("eth_getBalance", R"("0x7")");
        CHECK(it.rpc.balance({}, eth::Tag::kLatest) == 7);
    }
    SECTION("gas price") {
        OneFails it("eth_gasPrice", R"("0x7")");
        CHECK(it.rpc.gas_price() == 7);
    }
    SECTION("receipt") {
        OneFails it("eth_getTransactionReceipt", "null");
        CHECK_FALSE(it.rpc.receipt({}));
    }
    SECTION("transaction") {
        OneFails it("eth_getTransactionByHash", "null");
        CHECK_FALSE(it.rpc.transaction(TxHash{}));
    }
    SECTION("header by hash") {
        OneFails it("eth_getBlockByHash", "null");
        CHECK_FALSE(it.rpc.header(BlockHash{}));
    }
    SECTION("the chain id that is requested before a call") {
        OneFails it("eth_chainId", R"("0x")");
        CHECK(it.rpc.call({}, eth::Tag::kLatest).empty());
        CHECK(it.rpc.endpoints().notes()[0].state == EndpointNote::State::kResting);
        CHECK(it.rpc.endpoints().notes()[0].last_error == "eth_chainId: missing trie node");
    }
}

TEST_CASE("code that one endpoint does not have is read from another that has it") {
    using net::testing::LoopbackServer;
    const auto says = [](const char* result) {
        return [result](const auto& request) {
            return LoopbackServer::reply(OneFails::answer(request.body, "", result));
        };
    };
    const FakeClock clock(*parse_rfc3339("2026-11-20T10:00:00Z"));
    LoopbackServer empty(says(R"("0x")"));
    LoopbackServer full(says(R"("0x60")"));
    MultiRpc rpc({.urls = {empty.url(), full.url()}, .chain = ChainId{97}, .timeout = Millis(60'000)}, clock,
                 telemetry::Log::none());
    CHECK(rpc.code({}, eth::Tag::kLatest) == Bytes{0x60});
    MultiRpc alone({.urls = {empty.url()}, .chain = ChainId{97}, .timeout = Millis(60'000)}, clock,
                   telemetry::Log::none());
    CHECK(alone.code({}, eth::Tag::kLatest).empty());
}

TEST_CASE("eth_getLogs is tried again one minute after the third refusal") {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    Endpoints endpoints({"http://a/"}, ChainId{97}, clock, telemetry::Log::none(), 1);
    for (int i = 0; i < 3; ++i) {
        endpoints.logs_refused(0);
    }
    CHECK_FALSE(endpoints.answers_logs(0));
    clock.advance(Millis(60'000));
    CHECK(endpoints.answers_logs(0));
    endpoints.logs_refused(0);
    CHECK_FALSE(endpoints.answers_logs(0));
}

TEST_CASE("an error of eth_chainId is never the result of the call that follows it") {
    using net::testing::LoopbackServer;
    LoopbackServer node([](const auto& request) {
        return LoopbackServer::reply(OneFails::answer(request.body, "eth_chainId", R"("0x")"));
    });
    const FakeClock clock(*parse_rfc3339("2026-11-20T10:00:00Z"));
    MultiRpc rpc({.urls = {node.url()}, .chain = ChainId{97}, .timeout = Millis(60'000)}, clock,
                 telemetry::Log::none());
    CHECK_THROWS_AS(rpc.call({}, eth::Tag::kLatest), eth::BadAnswer);
}

TEST_CASE("Retry-After is honoured up to 30 s") {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    Endpoints endpoints({"http://a/"}, ChainId{97}, clock, telemetry::Log::none(), 1);
    endpoints.failed(0, eth::BadAnswer(429, "HTTP 429", Millis(86'400'000)));
    CHECK(endpoints.candidates().empty());
    clock.advance(Millis(30'000));
    CHECK(endpoints.candidates().size() == 1);
    CHECK(endpoints.worth_a_probe(0));
}
