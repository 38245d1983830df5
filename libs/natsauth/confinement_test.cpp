// A provider's user in operator mode, on a real nats-server: the subset for JWTs of the matrix of
// tests/lint/nats_permissions.py, which tries every role on the configuration with passwords.
#include <array>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "bus/testing/until_answered.hpp"
#include "http/testing/raw_client.hpp"
#include "natsauth/detail/base32.hpp"
#include "natsauth/testing/operator_server.hpp"

using namespace lamda;
using namespace lamda::natsauth;
using bus::testing::until_answered;
using testing::OperatorServer;

namespace {

const Address kSelf = *Address::parse("0x90f79bf6eb2c4f870365e785982e1f101e93b906");
const Address kOther = *Address::parse("0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc");
const std::string kJob = "0x" + std::string(64, 'a');

/// A client that sends any subject and any reply subject, whatever a client library allows.
class RawNats {
  public:
    RawNats(int port, const Credentials& credentials) : socket_(port) {
        const auto info = nlohmann::json::parse(socket_.read_until("\r\n").substr(5));
        const auto nonce = info.at("nonce").get<std::string>();
        const auto signature = credentials.key.sign(as_bytes(nonce));
        const nlohmann::json hello = {{"verbose", false},       {"pedantic", false},
                                      {"headers", true},        {"no_responders", true},
                                      {"jwt", credentials.jwt}, {"sig", detail::to_base64url(signature)}};
        socket_.send("CONNECT " + hello.dump() + "\r\n");
        flush();
    }
    void publish(const std::string& subject, const std::string& reply = "", const std::string& body = "{}") {
        socket_.send("PUB " + subject + " " + reply + " " + std::to_string(body.size()) + "\r\n" + body +
                     "\r\n");
    }
    void subscribe(const std::string& subject) {
        socket_.send("SUB " + subject + " " + std::to_string(++subscriptions_) + "\r\n");
    }
    /// Reads until the server has handled all that was sent.
    void flush() {
        socket_.send("PING\r\n");
        for (auto line = read_line(); line != "PONG"; line = read_line()) {
            REQUIRE(!line.empty());
            if (line.starts_with("MSG ") || line.starts_with("HMSG ")) {
                std::istringstream words(line);
                std::string word;
                std::string subject;
                words >> word >> subject;
                while (words >> word) {
                }
                socket_.read_bytes(std::stoul(word) + 2);
                received_.push_back(subject);
            } else if (line.starts_with("-ERR")) {
                ++refusals_;
            }
        }
    }
    /// Subjects of the messages that arrived since the last call.
    std::vector<std::string> take() {
        flush();
        return std::exchange(received_, {});
    }
    int take_refusals() { return std::exchange(refusals_, 0); }

  private:
    std::string read_line() {
        auto line = socket_.read_until("\r\n");
        line.erase(line.find_last_not_of("\r\n") + 1);
        return line;
    }
    http::RawClient socket_;
    int subscriptions_ = 0;
    int refusals_ = 0;
    std::vector<std::string> received_;
};

/// A user with all permissions in an account, which no deployment has.
Credentials witness(const std::string& account, const Nkey& issuer) {
    auto key = Nkey::generate(KeyKind::kUser);
    UserClaims claims;
    claims.name = "witness";
    claims.key = key.public_key();
    claims.account = account;
    claims.issued_at = SystemClock().now();
    return {encode(claims, issuer), std::move(key)};
}

std::vector<std::string> subjects_of(const Address& provider) {
    const auto self = provider.hex();
    std::vector<std::string> out = {"jobs.dispatch." + self,         "jobs.retract." + self,
                                    "jobs.status." + self,           "jobs.applied." + self,
                                    "nodes.heartbeat." + self,       "events.node." + self,
                                    "jobs.logs." + self + "." + kJob};
    for (const std::string stream : {"JOBS", "RETRACT", "STATUS"}) {
        for (const std::string verb : {"INFO", "DELETE", "CREATE", "DURABLE.CREATE", "MSG.NEXT"}) {
            out.push_back("$JS.API.CONSUMER." + verb + "." + stream + "." + self);
        }
        out.push_back("$JS.ACK." + stream + "." + self + ".1.1.1.1.0");
    }
    return out;
}

std::vector<std::string> shared_subjects() {
    std::vector<std::string> out = {"jobs.command",
                                    "jobs.query",
                                    "nodes.query",
                                    "nodes.credentials",
                                    "events.global",
                                    "lamda.info",
                                    "lamda.get",
                                    "_R_.a.b",
                                    "_INBOX.dispatcher.1",
                                    "_INBOX.gateway.1",
                                    "$JS.API.INFO",
                                    "$JS.API.STREAM.NAMES",
                                    "$JS.API.ACCOUNT.PURGE.LAMDA",
                                    "$SYS.REQ.CLAIMS.UPDATE",
                                    "$SYS.REQ.SERVER.PING",
                                    "$SYS.REQ.USER.INFO"};
    for (const std::string stream : {"JOBS", "RETRACT", "STATUS"}) {
        for (const std::string verb :
             {"CREATE", "UPDATE", "DELETE", "PURGE", "MSG.GET", "MSG.DELETE", "SNAPSHOT"}) {
            out.push_back("$JS.API.STREAM." + verb + "." + stream);
        }
    }
    return out;
}

std::vector<std::string> all_subjects() {
    auto out = shared_subjects();
    for (const auto& provider : {kSelf, kOther}) {
        for (auto& subject : subjects_of(provider)) {
            out.push_back(std::move(subject));
        }
    }
    return out;
}

struct Scene {
    Scene() {
        const auto& issuer = server.deployment.issuer;
        const auto system = server.connect(issuer.system);
        for (const auto& provider : {kSelf, kOther}) {
            const auto jwt = encode(provider_claims(issuer.accounts, provider, issuer.signing_keys()),
                                    issuer.operator_key, SystemClock().now());
            const auto answer = until_answered(
                [&] { return system->request("$SYS.REQ.CLAIMS.UPDATE", jwt, testkit::kCallTimeout); });
            REQUIRE(answer.find("\"code\":200") != std::string::npos);
        }
        const auto make = [&](const char* name, const std::string& subject) {
            bus::StreamSpec stream;
            stream.name = name;
            stream.subjects = {subject};
            until_answered([&] { dispatcher->ensure_stream(stream); });
        };
        make("JOBS", "jobs.dispatch.*");
        make("RETRACT", "jobs.retract.*");
        make("STATUS", "jobs.status.*");
        for (const auto& provider : {kSelf, kOther}) {
            until_answered([&] {
                dispatcher->ensure_durable("JOBS", provider.hex(), "jobs.dispatch." + provider.hex(),
                                           Millis(30'000));
            });
        }
        REQUIRE(dispatcher
                    ->publish_durable({{"jobs.dispatch." + kOther.hex(), "d1", "job"}}, testkit::kCallTimeout)
                    .stored == std::vector{true});
    }
    Credentials provider(const Address& address) {
        auto key = Nkey::generate(KeyKind::kUser);
        const auto claims = provider_user(address, key.public_key(), SystemClock().now(), Millis(3'600'000));
        return {encode(claims, server.deployment.issuer.agents_key), std::move(key)};
    }
    /// Everything that an attack could change: streams, durables, numbers of messages.
    std::string state() {
        std::string out;
        for (const auto& stream : dispatcher->stream_names()) {
            const auto state = dispatcher->stream_state(stream);
            // Its own statuses count.
            out += stream + " " + std::to_string(stream == "STATUS" ? 0 : state.last_sequence) + ":";
            for (const auto& durable : dispatcher->durables(stream)) {
                if (durable.name != kSelf.hex()) {
                    out += " " + durable.name + " " + durable.filter_subject + " " +
                           std::to_string(durable.delivered) + " " + std::to_string(durable.ack_floor) + " " +
                           std::to_string(durable.pending);
                }
            }
            out += "\n";
        }
        return out;
    }

    testkit::TempDir dir{"confinement"};
    OperatorServer server{dir.path()};
    std::unique_ptr<bus::Bus> dispatcher = server.connect(server.credentials("dispatcher"));
};

/// Subjects on which messages of the provider may arrive in an account.
bool is_own(const std::string& subject) {
    const auto self = kSelf.hex();
    for (const auto& prefix :
         {"jobs.status." + self, "jobs.logs." + self + ".", "nodes.heartbeat." + self,
          "$JS.API.CONSUMER.INFO.JOBS." + self, "$JS.API.CONSUMER.INFO.RETRACT." + self,
          "$JS.API.CONSUMER.MSG.NEXT.JOBS." + self, "$JS.API.CONSUMER.MSG.NEXT.RETRACT." + self,
          "$JS.ACK.JOBS." + self, "$JS.ACK.RETRACT." + self}) {
        if (subject.starts_with(prefix)) {
            return true;
        }
    }
    return subject.starts_with("_R_.") || subject.starts_with("$JS.EVENT.ADVISORY.");
}

}  // namespace

TEST_CASE("a provider's credentials reach its own subjects only, as subject, as reply and as subscription") {
    Scene scene;
    const auto& offline = scene.server.deployment.offline;
    const auto& agents = scene.server.deployment.issuer.agents_key;
    const int port = scene.server.port();
    std::map<std::string, std::unique_ptr<RawNats>> witnesses;
    const auto watch = [&](const std::string& name, const std::string& account, const Nkey& issuer) {
        const auto& client = witnesses[name] = std::make_unique<RawNats>(port, witness(account, issuer));
        client->subscribe(">");
        client->take();
    };
    watch("LAMDA", offline.lamda.public_key(), offline.lamda);
    watch("REGISTRY", offline.registry.public_key(), offline.registry);
    watch("GATEWAY", offline.gateway.public_key(), offline.gateway);
    watch("FEED", offline.feed.public_key(), offline.feed);
    watch("another provider", provider_account(kOther), agents);

    const auto all = all_subjects();
    const auto before = scene.state();
    for (const auto& [account, client] : witnesses) {
        client->take();
    }
    RawNats attacker(port, scene.provider(kSelf));
    std::set<std::string> reached;
    for (const auto& subject : all) {
        for (const auto& reply :
             std::array<std::string, 5>{"", "$JS.API.STREAM.PURGE.JOBS", "jobs.dispatch." + kOther.hex(),
                                        "jobs.command", "$JS.API.CONSUMER.DELETE.JOBS." + kOther.hex()}) {
            attacker.publish(subject, reply);
        }
        attacker.flush();
        for (const auto& [account, client] : witnesses) {
            for (const auto& arrived : client->take()) {
                if (account == "another provider" || !is_own(arrived)) {
                    reached.insert(account + ": " + arrived + " by " + subject);
                }
            }
        }
    }
    CHECK(reached == std::set<std::string>{});
    CHECK(scene.state() == before);
    CHECK(attacker.take_refusals() > 0);
    attacker.take();
}

TEST_CASE("a provider that subscribes to everything receives what is addressed to it, and nothing else") {
    Scene scene;
    std::vector<std::unique_ptr<RawNats>> others;
    const auto& offline = scene.server.deployment.offline;
    for (const auto* key : {&offline.lamda, &offline.registry, &offline.gateway, &offline.feed}) {
        others.push_back(std::make_unique<RawNats>(scene.server.port(), witness(key->public_key(), *key)));
    }
    others.push_back(std::make_unique<RawNats>(
        scene.server.port(), witness(provider_account(kOther), scene.server.deployment.issuer.agents_key)));
    RawNats ears(scene.server.port(), scene.provider(kSelf));
    for (const std::string subject : {">", "jobs.>", "nodes.>", "events.>", "_INBOX.>", "_R_.>", "$JS.>"}) {
        ears.subscribe(subject);
    }
    ears.take();
    for (const auto& client : others) {
        for (const auto& subject : all_subjects()) {
            client->publish(subject);
        }
        client->flush();
    }
    const auto heard = ears.take();
    CHECK_FALSE(heard.empty());
    for (const auto& subject : heard) {
        CHECK(subject == "jobs.applied." + kSelf.hex());
    }
}

TEST_CASE(
    "another client's JWT is of no use without the seed of its NKey, nor an own JWT with other rights") {
    Scene scene;
    const auto refuses = [&](const Credentials& credentials) {
        const auto bus = scene.server.open(credentials);
        std::atomic<bool> in = false;
        bus->on_change([&](bool connected) { in = in || connected; });
        const bool decided =
            testkit::wait_until([&] { return in || bus->connected() || bus->login_refused(); });
        UNSCOPED_INFO(bus->last_error());
        return decided && !in && !bus->connected();
    };
    const auto good = scene.provider(kSelf);
    CHECK_FALSE(refuses(good));
    CHECK(refuses({good.jwt, Nkey::generate(KeyKind::kUser)}));
    // Signed by a key of its own; for another account; for the account of the streams.
    auto key = Nkey::generate(KeyKind::kUser);
    const auto own_issuer = Nkey::generate(KeyKind::kAccount);
    auto claims = provider_user(kSelf, key.public_key(), SystemClock().now(), Millis(3'600'000));
    CHECK(refuses({encode(claims, own_issuer), key}));
    claims.account = own_issuer.public_key();
    CHECK(refuses({encode(claims, own_issuer), key}));
    claims.account = scene.server.deployment.offline.lamda.public_key();
    CHECK(refuses({encode(claims, scene.server.deployment.issuer.agents_key), key}));
}
