#include "services/node-agent/credentials/credentials_client.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "natsauth/market_accounts.hpp"
#include "wire/messages.hpp"

using namespace lamda;
using namespace lamda::agent;
using nlohmann::json;

namespace {

const auto kMarket =
    wire::market_domain(ChainId{97}, Address::parse("0xd9264b533dd53198c7ae345c6afe8ef054303b53").value());

/// A gateway that checks requests as the registry does, and answers as it is set.
class FakeGateway final : public net::Transport {
  public:
    net::HttpResponse send(const net::HttpRequest& request) override {
        paths.push_back(request.method + " " + request.url);
        if (cut) {
            throw net::TransportError(net::TransportError::Kind::kConnect, "refused");
        }
        if (request.method == "GET") {
            return {200, {}, challenge};
        }
        posted = json::parse(request.body);
        return {status, {}, answer};
    }
    std::unique_ptr<net::Exchanges> exchanges() override { return nullptr; }

    bool cut = false;
    std::string challenge;
    int status = 200;
    std::string answer;
    json posted;
    std::vector<std::string> paths;
};

struct Scene {
    Scene() {
        gateway.challenge = json{{"message", json::parse(to_json(offered))}}.dump();
        gateway.answer = to_json(issued(signer->address(), key.public_key()));
    }
    static wire::IssuedCredentials issued(const Address& provider, const std::string& nkey) {
        const auto now = SystemClock().now();
        const auto signing = natsauth::Nkey::generate(natsauth::KeyKind::kAccount);
        return {encode(natsauth::provider_user(provider, nkey, now, Millis(60'000)), signing),
                {"tls://bus.example:4222"},
                now,
                now + Millis(60'000)};
    }
    wire::IssuedCredentials obtain() { return client.obtain(key.public_key(), kMarket); }
    /// The text of the exception; empty: none.
    template <class E>
    std::string thrown() {
        try {
            obtain();
        } catch (const E& error) {
            return error.what();
        }
        return "";
    }

    std::unique_ptr<crypto::LocalSigner> signer =
        crypto::LocalSigner::from_hex(std::string(63, '0') + "1").value();
    natsauth::Nkey key = natsauth::Nkey::generate(natsauth::KeyKind::kUser);
    wire::AgentCredentials offered{signer->address(), key.public_key(), Bytes32{}, 1'795'168'920};
    FakeGateway gateway;
    CredentialsClient client{gateway, "https://gateway.example/lamda", *signer};
};

}  // namespace

TEST_CASE("the agent signs the gateway's challenge for its own market, provider and NKey") {
    Scene scene;
    scene.offered.nonce.array()[3] = 7;
    // A gateway that offers other values gets a signature over the agent's own.
    auto foreign = scene.offered;
    foreign.provider = kMarket.verifying_contract;
    foreign.nkey.back() = 'A';
    scene.gateway.challenge = json{{"message", json::parse(to_json(foreign))}}.dump();
    const auto issued = scene.obtain();
    CHECK(to_json(issued) == scene.gateway.answer);
    CHECK(scene.gateway.paths ==
          std::vector<std::string>{
              "GET https://gateway.example/lamda/api/agents/credentials/challenge?provider=" +
                  scene.signer->address().hex() + "&nkey=" + scene.key.public_key(),
              "POST https://gateway.example/lamda/api/agents/credentials"});
    const auto message = wire::parse_agent_credentials(scene.gateway.posted["message"].dump());
    REQUIRE(message);
    CHECK(*message == scene.offered);
    const auto signature =
        crypto::Signature::from_hex65(scene.gateway.posted["signature"].get<std::string>()).value();
    CHECK(wire::verify_agent_credentials(*message, signature, kMarket));
}

TEST_CASE("refusals say what to do; what may pass is repeated") {
    Scene scene;
    const auto answer = [&](int status, const std::string& code) {
        scene.gateway.status = status;
        scene.gateway.answer = code.empty() ? "<html>" : json{{"code", code}, {"detail", "because"}}.dump();
    };
    answer(403, "revoked");
    CHECK(scene.thrown<CredentialsRefused>().find("lamda nats allow") != std::string::npos);
    answer(403, "not_registered");
    CHECK(scene.thrown<CredentialsRefused>().find("AGENT_REGISTER") != std::string::npos);
    answer(403, "invalid_signature");
    CHECK(scene.thrown<CredentialsRefused>().find("BSC_CHAIN_ID") != std::string::npos);
    answer(501, "credentials_not_offered");
    CHECK(scene.thrown<CredentialsRefused>().find("NATS_CREDS_FILE") != std::string::npos);
    answer(404, "");
    CHECK(scene.thrown<CredentialsRefused>().find("GATEWAY_URL") != std::string::npos);
    answer(403, "invalid_challenge");
    CHECK_FALSE(scene.thrown<CredentialsUnavailable>().empty());
    for (const int status : {429, 500, 502, 503}) {
        answer(status, "later");
        CHECK(scene.thrown<CredentialsUnavailable>().find("later") != std::string::npos);
    }
    scene.gateway.status = 403;
    scene.gateway.answer =
        "{\"code\":\"a\\u001b[31mb\",\"detail\":" + json(std::string(2'000, 'x')).dump() + "}";
    const auto shown = scene.thrown<CredentialsRefused>();
    CHECK(shown.find('\x1b') == std::string::npos);
    CHECK(shown.size() < 1'000);
    scene.gateway.cut = true;
    CHECK_FALSE(scene.thrown<CredentialsUnavailable>().empty());
}

TEST_CASE("answers that are no credentials of this key are not used") {
    Scene scene;
    const auto refuses = [&](const wire::IssuedCredentials& issued) {
        scene.gateway.answer = to_json(issued);
        return !scene.thrown<CredentialsUnavailable>().empty();
    };
    const auto& provider = scene.signer->address();
    const auto other = natsauth::Nkey::generate(natsauth::KeyKind::kUser);
    CHECK_FALSE(refuses(Scene::issued(provider, scene.key.public_key())));
    CHECK(refuses(Scene::issued(provider, other.public_key())));
    CHECK(refuses(Scene::issued(kMarket.verifying_contract, scene.key.public_key())));
    auto wrong = Scene::issued(provider, scene.key.public_key());
    wrong.jwt.back() = wrong.jwt.back() == 'A' ? 'Q' : 'A';
    CHECK(refuses(wrong));
    wrong = Scene::issued(provider, scene.key.public_key());
    wrong.servers = {"nats://user:secret@bus.example:4222"};
    CHECK(refuses(wrong));
    wrong.servers = {"http://bus.example"};
    CHECK(refuses(wrong));
    scene.gateway.answer = "[]";
    CHECK_FALSE(scene.thrown<CredentialsUnavailable>().empty());
    scene.gateway.challenge = "{}";
    CHECK_FALSE(scene.thrown<CredentialsUnavailable>().empty());
}
