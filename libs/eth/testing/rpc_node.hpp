// A JSON-RPC node whose results a test sets, and well-formed results to start from. For tests only.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "eth/rpc_client.hpp"
#include "net/testing/loopback_server.hpp"

namespace lamda::eth::testing {

using nlohmann::json;

inline std::string hash(char c) {
    return "0x" + std::string(64, c);
}
inline std::string account(char c) {
    return "0x" + std::string(40, c);
}

inline json log_json() {
    return {{"address", account('a')},   {"topics", {hash('1'), hash('2')}},
            {"data", "0x00ff"},          {"blockNumber", "0x10"},
            {"blockHash", hash('b')},    {"transactionHash", hash('c')},
            {"transactionIndex", "0x2"}, {"logIndex", "0x5"},
            {"removed", false}};
}

inline json header_json() {
    return {{"number", "0x10"},
            {"hash", hash('b')},
            {"parentHash", hash('e')},
            {"timestamp", "0x6553f100"},
            {"logsBloom", "0x" + std::string(510, '0') + "01"},
            {"baseFeePerGas", "0x7"},
            {"receiptsRoot", hash('7')},
            {"miner", account('d')}};
}

inline json receipt_json() {
    return {{"transactionHash", hash('c')}, {"blockHash", hash('b')},
            {"blockNumber", "0x10"},        {"from", account('f')},
            {"to", account('a')},           {"status", "0x1"},
            {"gasUsed", "0x5208"},          {"effectiveGasPrice", "0x2540be400"},
            {"contractAddress", nullptr},   {"logs", json::array({log_json()})}};
}

inline json transaction_json() {
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
    net::testing::LoopbackServer server{[this](const net::testing::LoopbackServer::Request& request) {
        const json call = json::parse(request.body);
        last_params = call.at("params");
        json answer{{"jsonrpc", "2.0"}, {"id", call.at("id")}};
        if (!error.is_null()) {
            answer["error"] = error;
        } else {
            answer["result"] = results[call.at("method").get<std::string>()];
        }
        return net::testing::LoopbackServer::reply(raw_body.empty() ? answer.dump() : raw_body, status);
    }};
    HttpRpc rpc{server.url("/v3/sekret"), Millis(60'000)};
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

inline Topic topic(char c) {
    return Topic::parse(hash(c)).value();
}
inline const LogFilter kAll;

}  // namespace lamda::eth::testing
