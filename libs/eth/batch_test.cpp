// Tests of batches: several calls in one request, each result in its place, however the node answers the
// batch.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "eth/detail/batch_answer.hpp"
#include "eth/rpc_client.hpp"
#include "net/testing/loopback_server.hpp"

using namespace lamda;
using namespace lamda::eth;
using net::testing::LoopbackServer;
using nlohmann::json;

namespace {

net::HttpResponse response_of(const std::string& body, int status = 200) {
    net::HttpResponse out;
    out.status = status;
    out.body = body;
    return out;
}

/// eth_call answers its own calldata, and reverts on 0xff…
json answer_of(const json& request) {
    json out = {{"jsonrpc", "2.0"}, {"id", request.at("id")}};
    const auto data = request.at("params").at(0).is_string()
                          ? request["params"][0].get<std::string>()
                          : request["params"][0].at("data").get<std::string>();
    if (data.starts_with("0xff")) {
        out["error"] = {{"code", 3}, {"message", "execution reverted"}, {"data", "0x08c379a0"}};
    } else {
        out["result"] = data;
    }
    return out;
}

std::vector<CallRequest> requests(std::size_t count) {
    std::vector<CallRequest> out(count);
    for (std::size_t i = 0; i < count; ++i) {
        out[i].data = {static_cast<std::uint8_t>(i % 7 == 3 ? 0xff : 1), static_cast<std::uint8_t>(i)};
    }
    return out;
}

void require_right(const std::vector<CallRequest>& asked, const std::vector<CallOutcome>& outcomes) {
    REQUIRE(outcomes.size() == asked.size());
    for (std::size_t i = 0; i < asked.size(); ++i) {
        CAPTURE(i);
        if (asked[i].data[0] == 0xff) {
            REQUIRE(outcomes[i].error);
            CHECK(outcomes[i].error->data() == Bytes{0x08, 0xc3, 0x79, 0xa0});
        } else {
            CHECK_FALSE(outcomes[i].error);
            CHECK(outcomes[i].result == asked[i].data);
        }
    }
}

}  // namespace

TEST_CASE("a batch's answers are found by their ids, in any order") {
    const auto parts = split_batch_answer(response_of(R"([{"id":1,"result":"b"},{"id":0,"result":"a"}])"), 2);
    CHECK(parts[0].find("\"a\"") != std::string::npos);
    CHECK(parts[1].find("\"b\"") != std::string::npos);
    for (const char* bad : {"", "<html>", "7", "{}", R"([])", R"([{"id":0,"result":1},{"id":0,"result":1}])",
                            R"([{"id":0,"result":1},{"id":2,"result":1}])",
                            R"([{"id":0,"result":1},{"result":1}])", R"([{"id":0,"result":1},7])"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS(split_batch_answer(response_of(bad), 2), BadAnswer);
    }
    CHECK(split_batch_answer(response_of(R"([{"id":1,"result":1}])"), 2)[0].empty());
    CHECK_THROWS_AS(
        split_batch_answer(response_of(R"({"id":null,"error":{"code":-32600,"message":"no batches"}})"), 2),
        RpcError);
}

TEST_CASE("many calls take few requests, each with its own result") {
    std::size_t posts = 0;
    LoopbackServer server([&](const LoopbackServer::Request& request) {
        ++posts;
        json answers = json::array();
        const auto asked = json::parse(request.body);
        for (auto one = asked.rbegin(); one != asked.rend(); ++one) {
            answers.push_back(answer_of(*one));
        }
        return LoopbackServer::reply(answers.dump());
    });
    HttpRpc rpc(server.url(), Millis(60'000));
    const auto asked = requests(250);
    require_right(asked, rpc.calls(asked, Tag::kLatest));
    CHECK(posts == 3);
    CHECK(rpc.calls({}, Tag::kLatest).empty());
    CHECK(posts == 3);
}

TEST_CASE("if a node refuses batches, the calls are sent one by one") {
    const std::string refusal =
        GENERATE(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}})",
                 "batch requests are not supported", "[]");
    LoopbackServer server([&](const LoopbackServer::Request& request) {
        const auto asked = json::parse(request.body);
        return LoopbackServer::reply(asked.is_array() ? refusal : answer_of(asked).dump());
    });
    HttpRpc rpc(server.url(), Millis(60'000));
    const auto asked = requests(20);
    require_right(asked, rpc.calls(asked, Tag::kLatest));
}

TEST_CASE("only the calls missing from the answer to a batch are sent again, one by one") {
    std::size_t alone = 0;
    LoopbackServer server([&](const LoopbackServer::Request& request) {
        const auto asked = json::parse(request.body);
        if (!asked.is_array()) {
            ++alone;
            return LoopbackServer::reply(answer_of(asked).dump());
        }
        json answers = json::array();
        for (std::size_t i = 0; i < asked.size(); ++i) {
            if (i % 10 != 4) {
                answers.push_back(answer_of(asked[i]));
            }
        }
        return LoopbackServer::reply(answers.dump());
    });
    HttpRpc rpc(server.url(), Millis(60'000));
    const auto asked = requests(40);
    require_right(asked, rpc.calls(asked, Tag::kLatest));
    CHECK(alone == 4);
}

TEST_CASE("a malformed answer and an error object do not affect the other look-ups") {
    LoopbackServer server([&](const LoopbackServer::Request& request) {
        const auto asked = json::parse(request.body);
        const auto answer = [](const json& one) {
            json out = {{"jsonrpc", "2.0"}, {"id", one.at("id")}, {"result", nullptr}};
            const auto hash = one.at("params").at(0).get<std::string>();
            if (hash.back() == '1') {
                out["result"] = {{"status", "odd"}};
            } else if (hash.back() == '2') {
                out.erase("result");
                out["error"] = {{"code", -32000}, {"message", "transaction indexing is in progress"}};
            }
            return out;
        };
        if (!asked.is_array()) {
            return LoopbackServer::reply(answer(asked).dump());
        }
        json answers = json::array();
        for (const auto& one : asked) {
            answers.push_back(answer(one));
        }
        return LoopbackServer::reply(answers.dump());
    });
    HttpRpc rpc(server.url(), Millis(60'000));
    std::vector<TxHash> hashes(4);
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        hashes[i].array()[31] = static_cast<std::uint8_t>(i);
    }
    const auto lookups = rpc.receipts(hashes);
    CHECK(lookups[0].failure.empty());
    CHECK(lookups[1].failure.find("eth_getTransactionReceipt: ") == 0);
    CHECK(lookups[2].failure == "transaction indexing is in progress");
    CHECK(lookups[3].failure.empty());
}

TEST_CASE("a rate-limited batch is not retried call by call") {
    std::size_t posts = 0;
    LoopbackServer server([&](const LoopbackServer::Request&) {
        ++posts;
        return LoopbackServer::reply("later", "429 Too Many Requests", "Retry-After: 3\r\n");
    });
    HttpRpc rpc(server.url(), Millis(60'000));
    CHECK_THROWS_AS(rpc.calls(requests(20), Tag::kLatest), BadAnswer);
    CHECK(posts == 1);
}

TEST_CASE("transactions sent in a batch: each refusal comes with its reason") {
    LoopbackServer server([&](const LoopbackServer::Request& request) {
        json answers = json::array();
        for (const auto& one : json::parse(request.body)) {
            auto answer = answer_of(one);
            if (answer.contains("result")) {
                answer["result"] = "0x" + std::string(64, '1');
            }
            answers.push_back(answer);
        }
        return LoopbackServer::reply(answers.dump());
    });
    HttpRpc rpc(server.url(), Millis(60'000));
    const auto outcomes = rpc.send_raw_transactions({Bytes{1}, Bytes{0xff}, Bytes{2}});
    CHECK(outcomes[0].accepted());
    CHECK(outcomes[1].refusal == "execution reverted");
    CHECK(outcomes[2].accepted());
}
