// Tests of /api/agents/credentials: the registry is played by the test.
#include <catch2/catch.hpp>
#include <mutex>

#include "services/api-gateway/testing/documented_api.hpp"
#include "wire/documents/agent_credentials.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

constexpr auto kNkey = "UCHUILHJAKDG44IZIKKD2743NDQEG47R2LUQBALNGJVPDXZA2M25455I";
constexpr auto kPath = "/api/agents/credentials";

std::string challenge_path(const std::string& query) {
    return std::string(kPath) + "/challenge" + query;
}

std::string header(const Answer& answer, const std::string& name) {
    for (const auto& [key, value] : answer.raw.headers) {
        if (key == name) {
            return value;
        }
    }
    return "";
}

}  // namespace

TEST_CASE("requests for credentials are checked, passed on to the registry, and answered as it decides") {
    Gateway gateway;
    const auto query = "?provider=" + kProvider.hex() + "&nkey=" + kNkey;
    const auto silent = gateway.get(challenge_path(query));
    CHECK(silent.status == 503);
    CHECK(silent.body["code"] == "registry_unavailable");

    std::mutex mutex;
    std::string reply;
    std::optional<wire::CredentialsRequest> received;
    const auto registry =
        gateway.bus.subscribe(wire::kNodesCredentials, "registry", [&](const bus::Message& message) {
            const std::lock_guard lock(mutex);
            received = wire::parse_credentials_request(message.body).value();
            gateway.bus.respond(message, reply);
        });
    const auto answer_with = [&](std::string text) {
        const std::lock_guard lock(mutex);
        reply = std::move(text);
    };
    wire::AgentCredentials message{kProvider, kNkey, bytes_of(7), 1'795'168'920};
    answer_with(to_json(message));
    REQUIRE(testkit::wait_until([&] { return gateway.get(challenge_path(query)).status == 200; }));
    const auto challenge = gateway.get(challenge_path(query));
    CHECK(received->message.provider == kProvider);
    CHECK(received->message.nkey == kNkey);
    CHECK_FALSE(received->signature);
    CHECK(header(challenge, "Cache-Control") == "no-store");
    CHECK(keys_of(challenge.body) == Documented().properties.at("CredentialsChallenge"));
    CHECK(keys_of(challenge.body["message"]) == Documented().properties.at("CredentialsMessage"));

    // The client signs and sends back what it received.
    const auto key = crypto::LocalSigner::from_hex(testkit::dev_key(3)).value();
    const wire::IssuedCredentials issued{
        "a.b.c", {"tls://bus.example:4222"}, SystemClock().now(), SystemClock().now() + Millis(1'000)};
    answer_with(to_json(issued));
    const auto signature = wire::sign_agent_credentials(message, {}, *key);
    const json body = {{"message", challenge.body["message"]}, {"signature", signature.hex65()}};
    const auto answered = gateway.send("POST", kPath, body.dump());
    CHECK(answered.status == 200);
    CHECK(*received == wire::CredentialsRequest{message, signature});
    CHECK(header(answered, "Cache-Control") == "no-store");
    CHECK(keys_of(answered.body) == Documented().properties.at("Credentials"));

    answer_with(problem::to_json({403, "revoked", "", "ask the operator", {}}));
    const auto revoked = gateway.send("POST", kPath, body.dump());
    CHECK(revoked.status == 403);
    CHECK(revoked.body["code"] == "revoked");
    CHECK(revoked.body["detail"] == "ask the operator");
    answer_with(problem::to_json({429, "too_many_credentials", "", "wait", {}}));
    CHECK(header(gateway.send("POST", kPath, body.dump()), "Retry-After") == "60");
    answer_with(problem::to_json({501, "credentials_not_offered", "", "no", {}}));
    CHECK(gateway.get(challenge_path(query)).status == 501);

    // Refused here: the registry receives none of these.
    received.reset();
    const auto pointers = [&](const std::string& text) {
        const auto refused = gateway.send("POST", kPath, text);
        CHECK(refused.status == 400);
        return pointers_of(refused.body);
    };
    using Places = std::set<std::string>;
    CHECK(pointers("{}") == Places{"/message", "/signature"});
    CHECK(pointers(R"({"message":{},"signature":"0x12","why":1})") ==
          Places{"/message/provider", "/message/nkey", "/message/nonce", "/message/expiresAt", "/signature",
                 "/why"});
    auto wrong = body;
    wrong["message"]["nkey"] = std::string(kNkey).replace(55, 1, "J");
    CHECK(pointers(wrong.dump()) == Places{"/message/nkey"});
    wrong = body;
    wrong["message"]["provider"] = "0x90F79bf6EB2c4f870365E785982E1f101E93B906";
    CHECK(pointers(wrong.dump()) == Places{"/message/provider"});
    for (const std::string& one :
         std::vector<std::string>{"", "?provider=0x1&nkey=U", "?provider=" + kProvider.hex(),
                                  query + "&nkey=U", query + "&surprise=1"}) {
        INFO(one);
        CHECK(gateway.get(challenge_path(one)).status == 400);
    }
    CHECK_FALSE(received);
}
