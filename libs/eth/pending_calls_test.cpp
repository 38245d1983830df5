// Tests of PendingCalls, and of the fast reader of logs against the slow one.
#include "eth/pending_calls.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "eth/detail/logs_answer.hpp"
#include "eth/rpc_answer.hpp"
#include "net/http_client.hpp"
#include "net/testing/loopback_server.hpp"

using namespace lamda;
using namespace lamda::eth;
using net::testing::LoopbackServer;
using nlohmann::json;

namespace {

Steady soon() {
    return std::chrono::steady_clock::now() + Millis(60'000);
}

std::string hex(char c, std::size_t digits) {
    return "0x" + std::string(digits, c);
}

json log_json(int number) {
    return {{"address", hex('a', 40)},
            {"topics", number % 2 == 0 ? json::array() : json::array({hex('1', 64), hex('2', 64)})},
            {"data", number % 3 == 0 ? "0x" : "0x00ff"},
            {"blockNumber", "0x10"},
            {"blockHash", hex('b', 64)},
            {"transactionHash", hex('c', 64)},
            {"transactionIndex", "0x2"},
            {"logIndex", "0x" + std::string(1, "0123456789abcdef"[number % 16])},
            {"blockTimestamp", "0x6553f100"},
            {"removed", false}};
}

json answer_with(const json& logs) {
    return {{"jsonrpc", "2.0"}, {"id", 7}, {"result", logs}};
}

/// Results of both readers for a body: the logs, or the error text.
struct Readings {
    std::string fast;
    std::string slow;
};

std::string text_of(const std::vector<Log>& logs) {
    std::string out = std::to_string(logs.size());
    for (const auto& log : logs) {
        out += "|" + log.address.hex() + to_hex(log.data) + log.block_hash.hex() + log.tx_hash.hex() +
               std::to_string(log.block_num.value) + "," + std::to_string(log.tx_index) + "," +
               std::to_string(log.log_index);
        for (const auto& topic : log.topics) {
            out += topic.hex();
        }
    }
    return out;
}

template <class Read>
std::string reading(Read read) {
    try {
        return text_of(read());
    } catch (const std::exception& error) {
        return error.what();
    }
}

Readings readings(const std::string& body, int status = 200) {
    net::HttpResponse response;
    response.status = status;
    response.body = body;
    Readings out;
    out.fast = reading([&] { return read_logs_answer(7, response); });
    out.slow = reading([&] { return RpcAnswer("eth_getLogs", 7, status, body).logs(); });
    return out;
}

}  // namespace

TEST_CASE("PendingCalls: each answer arrives under its id, its result in the destination of the call") {
    LoopbackServer server([](const auto& request) {
        const json call = json::parse(request.body);
        const bool chain = call.at("method") == "eth_chainId";
        return LoopbackServer::reply(
            json({{"jsonrpc", "2.0"}, {"id", call.at("id")}, {"result", chain ? json("0x61") : json("zero")}})
                .dump());
    });
    net::HttpClient client;
    PendingCalls talk(client);
    ChainId chain;
    BlockNum number{5};
    const auto first = talk.ask(server.url(), Millis(60'000), rpc_calls::chain_id(chain));
    const auto second = talk.ask(server.url(), Millis(60'000), rpc_calls::block_number(number));
    CHECK(talk.under_way() == 2);
    for (int i = 0; i < 2; ++i) {
        const auto answered = talk.next(soon());
        REQUIRE(answered);
        CHECK(answered->bytes > 0);
        if (answered->id == first) {
            CHECK_FALSE(answered->error);
            CHECK(chain == ChainId{97});
        } else {
            CHECK(answered->id == second);
            REQUIRE(answered->error);
            CHECK_THROWS_AS(std::rethrow_exception(answered->error), BadAnswer);
            CHECK(number == BlockNum{5});
        }
    }
    CHECK(talk.under_way() == 0);
    CHECK_FALSE(talk.next(soon()));
}

TEST_CASE("Logs: the fast and the slow reader return the same logs") {
    json logs = json::array();
    for (int i = 0; i < 50; ++i) {
        logs.push_back(log_json(i));
        const auto both = readings(answer_with(logs).dump());
        REQUIRE(both.fast == both.slow);
        REQUIRE(both.fast.starts_with(std::to_string(i + 1) + "|"));
    }
    for (const std::string& body : {answer_with(json::array()).dump(), answer_with(logs).dump(4),
                                    R"({"result":[],"id":7,"jsonrpc":"2.0"})" + std::string(),
                                    R"({"id":7,"result":[],"extra":{"a":[1,2]}})" + std::string()}) {
        const auto both = readings(body);
        CHECK(both.fast == both.slow);
        CHECK(std::isdigit(static_cast<unsigned char>(both.fast[0])) != 0);
    }
}

TEST_CASE("Logs: the fast and the slow reader refuse with the same text") {
    const auto good = log_json(1);
    std::vector<std::string> bodies{"",
                                    "[]",
                                    "{",
                                    R"({"id":8,"result":[]})",
                                    R"({"id":7})",
                                    R"({"id":7,"result":null})",
                                    R"({"id":7,"result":[]} x)",
                                    R"({"id":7,"error":{"code":-32005,"message":"too many"}})"};
    for (const char* member : {"address", "topics", "data", "blockNumber", "blockHash", "transactionHash",
                               "transactionIndex", "logIndex"}) {
        for (const json& value : {json(nullptr), json("0x"), json("zz"), json(7), json("0x1z"),
                                  json::array({1}), json(hex('1', 62)), json(std::string("0x\"1"))}) {
            auto log = good;
            log[member] = value;
            bodies.push_back(answer_with(json::array({good, log})).dump());
        }
        auto log = good;
        log.erase(member);
        bodies.push_back(answer_with(json::array({log})).dump());
    }
    auto removed = good;
    removed["removed"] = true;
    bodies.push_back(answer_with(json::array({removed})).dump());
    auto crowded = good;
    crowded["topics"] = json::array({hex('1', 64), hex('1', 64), hex('1', 64), hex('1', 64), hex('1', 64)});
    bodies.push_back(answer_with(json::array({crowded})).dump());
    const auto whole = answer_with(json::array({good})).dump();
    for (std::size_t length = 0; length < whole.size(); length += 3) {
        bodies.push_back(whole.substr(0, length));
    }
    for (const auto& body : bodies) {
        INFO(body);
        const auto both = readings(body);
        CHECK(both.fast == both.slow);
    }
    CHECK(readings(whole, 500).fast == readings(whole, 500).slow);
}
