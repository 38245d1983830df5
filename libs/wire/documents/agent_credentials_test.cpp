#include "wire/documents/agent_credentials.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "testkit/process.hpp"
#include "wire/job_spec.hpp"
#include "wire/messages.hpp"

using namespace lamda;
using namespace lamda::wire;

namespace {

std::string sample(const std::string& name) {
    std::ifstream in(testkit::source_dir() + "/proto/messages/" + name + ".v1.sample.json");
    REQUIRE(in);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

const auto kDomain =
    market_domain(ChainId{97}, Address::parse("0xd9264b533dd53198c7ae345c6afe8ef054303b53").value());

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a request signed by another implementation verifies, and is made here byte for byte") {
    const auto theirs = parse_credentials_request(sample("credentials_request"));
    REQUIRE(theirs);
    REQUIRE(theirs->signature);
    CHECK(verify_agent_credentials(theirs->message, *theirs->signature, kDomain));  // by viem
    CHECK(to_json(*theirs) == canonicalize_json(sample("credentials_request")).value());
    const auto key =
        crypto::LocalSigner::from_hex("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6")
            .value();
    CHECK(sign_agent_credentials(theirs->message, kDomain, *key) == *theirs->signature);
    const auto answer = parse_issued_credentials(sample("credentials_answer"));
    REQUIRE(answer);
    CHECK(to_json(*answer) == canonicalize_json(sample("credentials_answer")).value());
    CHECK(answer->expires_at - answer->issued_at == std::chrono::hours(24));
}

TEST_CASE("a request for credentials does not verify after any change, or for another market") {
    const auto request = parse_credentials_request(sample("credentials_request")).value();
    const auto verifies = [&](const AgentCredentials& message, const eth::Eip712Domain& domain) {
        return verify_agent_credentials(message, *request.signature, domain).ok();
    };
    REQUIRE(verifies(request.message, kDomain));
    auto changed = request.message;
    changed.nkey.back() = 'A';
    CHECK_FALSE(verifies(changed, kDomain));
    changed = request.message;
    changed.nonce.array()[31] ^= 1;
    CHECK_FALSE(verifies(changed, kDomain));
    changed = request.message;
    ++changed.expires_at;
    CHECK_FALSE(verifies(changed, kDomain));
    changed = request.message;
    changed.provider = kDomain.verifying_contract;
    CHECK_FALSE(verifies(changed, kDomain));
    CHECK_FALSE(verifies(request.message, market_domain(ChainId{56}, kDomain.verifying_contract)));
    CHECK_FALSE(verifies(request.message, market_domain(ChainId{97}, request.message.provider)));
}

TEST_CASE("the message of HTTP has the address in any case with a correct checksum, and nothing else") {
    const auto message = parse_credentials_request(sample("credentials_request")).value().message;
    const auto text = to_json(message);
    CHECK(text.find("0x90F79bf6EB2c4f870365E785982E1f101E93b906") != std::string::npos);
    CHECK(parse_agent_credentials(text).value() == message);
    const auto with_address = [&](const std::string& address) {
        return parse_agent_credentials(replaced(text, "0x90F79bf6EB2c4f870365E785982E1f101E93b906", address));
    };
    CHECK(with_address(message.provider.hex()).value() == message);
    CHECK(with_address("0x90F79bf6EB2c4f870365E785982E1f101E93B906").error().code == "invalid_checksum");
    std::vector<Error> every;
    CHECK_FALSE(parse_agent_credentials(R"({"provider":"0x1","nkey":"SU","nonce":1,"surprise":2})", &every));
    std::string places;
    for (const auto& one : every) {
        places += one.where + " ";
    }
    CHECK(places == "/surprise /provider /nkey /nonce /expiresAt ");
}

TEST_CASE("malformed requests and answers are refused by their place") {
    const auto request = sample("credentials_request");
    const auto where = [](const auto& parsed) { return parsed ? "accepted" : parsed.error().where; };
    CHECK(where(parse_credentials_request(replaced(request, "\"issue\"", "\"give\""))) == "/kind");
    CHECK(where(parse_credentials_request(replaced(request, "UCHUILHJ", "ACHUILHJ"))) == "/nkey");
    CHECK(where(parse_credentials_request(replaced(request, "UCHUILHJ", "UCHUILH1"))) == "/nkey");
    CHECK(where(parse_credentials_request(replaced(request, "\"0x8602", "\"0x02"))) == "/signature");
    CHECK(where(parse_credentials_request(replaced(request, "1795168920", "0"))) == "/expiresAt");
    CHECK_FALSE(parse_credentials_request("[]"));
    // A challenge is requested with provider and NKey alone.
    const auto challenge = parse_credentials_request(replaced(request, "\"issue\"", "\"challenge\""));
    REQUIRE(challenge);
    CHECK_FALSE(challenge->signature);
    CHECK(challenge->message.nonce == Bytes32{});
    const auto answer = sample("credentials_answer");
    CHECK(where(parse_issued_credentials(replaced(answer, "2026-11-21", "2026-11-20"))) == "/expires_at");
    CHECK(where(parse_issued_credentials(replaced(answer, "\"tls://bus.example:4222\"", ""))) == "/servers");
}
