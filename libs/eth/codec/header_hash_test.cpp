// Vectors: headers of public chains, of several forks, with their published hashes
// (tests/data/block_headers.json). Headers of each fork from a real node: header_anvil_test.cpp.
#include "eth/codec/header_hash.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "eth/rpc.hpp"
#include "eth/rpc_answer.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::eth;
using nlohmann::json;

namespace {

json vectors() {
    std::ifstream file(testkit::source_dir() + "/tests/data/block_headers.json");
    return json::parse(file);
}

json of_fork(const char* fork) {
    for (const auto& vector : vectors()) {
        if (vector.at("fork") == fork) {
            return vector.at("header");
        }
    }
    throw std::logic_error("no vector of this fork in block_headers.json");
}

Header read(const json& header) {
    const json body{{"jsonrpc", "2.0"}, {"id", 1}, {"result", header}};
    return RpcAnswer("eth_getBlockByNumber", 1, 200, body.dump()).proven_header();
}

/// Error text for a refused header; empty if it is accepted.
std::string refusal(const json& header) {
    try {
        read(header);
    } catch (const BadAnswer& refused) {
        return refused.what();
    }
    return "";
}

/// The same digits with one of them changed.
std::string forged(std::string hex) {
    hex.back() = hex.back() == '0' ? '1' : '0';
    return hex;
}

}  // namespace

TEST_CASE("Header hash: the computed hashes of public headers equal the published ones") {
    for (const auto& vector : vectors()) {
        INFO(vector.at("chain") << ", " << vector.at("fork"));
        CHECK(read(vector.at("header")).hash.hex() == vector.at("header").at("hash"));
    }
}

TEST_CASE("Header hash: a change of any field is detected") {
    for (const auto& vector : vectors()) {
        const json header = vector.at("header");
        for (const auto& [name, value] : header.items()) {
            const bool beside = name == "size" || name == "totalDifficulty" || !value.is_string();
            if (beside) {
                continue;
            }
            INFO(vector.at("chain") << ", " << vector.at("fork") << ": " << name);
            json other = header;
            other[name] = value == "0x" ? "0x00" : forged(value);
            CHECK_THROWS_AS(read(other), WrongHeader);
        }
    }
}

TEST_CASE("Header hash: a missing or an added field of a fork is detected") {
    json prague = of_fork("Prague");
    for (const char* name : {"baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas",
                             "parentBeaconBlockRoot", "requestsHash"}) {
        INFO(name);
        json fewer = prague;
        fewer.erase(name);
        if (prague[name] == "0x0") {
            CHECK(read(fewer).number == BlockNum{50546402});  // zero and absent have the same encoding
        } else {
            CHECK_THROWS_AS(read(fewer), WrongHeader);
        }
        json more = of_fork("Frontier");
        more[name] = prague[name];
        CHECK_THROWS_AS(read(more), WrongHeader);
    }
    json incomplete = prague;
    incomplete.erase("mixHash");
    CHECK(refusal(incomplete) == "eth_getBlockByNumber: result.mixHash: missing");
    json odd = prague;
    odd["nonce"] = "0x00";
    CHECK(refusal(odd) == "eth_getBlockByNumber: result.nonce: 8 bytes are needed");
}

TEST_CASE("Header hash: members of an unknown fork are named when the hash differs") {
    json header = of_fork("Prague");
    header["milliTimestamp"] = "0x1";
    CHECK(refusal(header).empty());
    header["slotNumber"] = "0x1";
    CHECK(refusal(header).empty());  // the hash still matches
    header["hash"] = forged(header["hash"]);
    CHECK_THAT(refusal(header), Catch::Contains("block 50546402 is named with hash 0x0fc2") &&
                                    Catch::EndsWith("(not known in a header: slotNumber)"));
}

TEST_CASE("Header hash: an absent field is an empty string when others follow it") {
    HeaderFields fields;
    const auto none = header_hash(fields);
    fields.requests_hash = Bytes32{};
    const auto gap = header_hash(fields);
    CHECK(gap != none);
    fields.base_fee = 0;  // rlp: the same empty string
    fields.blob_gas_used = 0;
    CHECK(header_hash(fields) == gap);
    fields.withdrawals_root = Bytes32{};
    CHECK(header_hash(fields) != gap);
}
