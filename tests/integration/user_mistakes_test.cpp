// Wrong settings that only a peer can show: one message that names the setting, and exit status 78. For an
// unavailable peer the service waits. Neither changes anything.
#include <algorithm>
#include <fstream>

#include "integration/market_fixture.hpp"
#include "net/http_client.hpp"
#include "net/testing/loopback_server.hpp"
#include "testkit/signing_server.hpp"

using namespace lamda;
using namespace lamda::integration;
using net::testing::LoopbackServer;

namespace {

struct Mistakes : MarketFixture {
    explicit Mistakes(std::string service = "node-registry")
        : MarketFixture("user-mistakes"), name(std::move(service)) {}

    std::string name;
    int port = testkit::free_port();

    void start_service(std::map<std::string, std::string> settings = {}) {
        std::ofstream(log_file(), std::ios::trunc).close();
        settings["METRICS_PORT"] = std::to_string(port);
        start(name, std::move(settings));
    }
    std::string log_file() const { return dir() + "/" + name + ".log"; }
    std::string log() const {
        std::ifstream in(log_file());
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }
    /// Answer of /readyz; status 0: none.
    net::HttpResponse readiness() {
        net::HttpRequest request;
        request.url = "http://127.0.0.1:" + std::to_string(port) + "/readyz";
        try {
            return http.send(request);
        } catch (const net::TransportError&) {
            return {};
        }
    }
    void wait_ready() {
        REQUIRE(testkit::wait_until([&] { return readiness().status == 200; }));
    }
    /// Checks that it ends with 78 and prints the message on its own line of stderr.
    void check_refused(const std::string& message) {
        const auto status = service(name).wait(Millis(60'000));
        INFO(log());
        REQUIRE(status == 78);
        CHECK_THAT(log(), Catch::Contains("\nlamda-" + name + ": " + message) ||
                              Catch::StartsWith("lamda-" + name + ": " + message));
    }
    /// Checks that it ends with 78 and prints one line that names the setting.
    void check_mistaken(const std::string& line) {
        const auto status = service(name).wait(Millis(60'000));
        INFO(log());
        REQUIRE(status == 78);
        CHECK_THAT(log(), Catch::StartsWith(line));
        CHECK_THAT(log(),
                   Catch::EndsWith("\nlamda-" + name +
                                   ": the configuration is not usable (--help lists every setting)\n"));
        const auto text = log();
        CHECK(std::count(text.begin(), text.end(), '\n') == 2);
    }
    /// Checks that it keeps waiting, not ready, with the reason in its readiness.
    void check_waits(const std::string& reason) {
        net::HttpResponse answer;
        CHECK(testkit::wait_until([&] {
            answer = readiness();
            return answer.status == 503 && answer.body.find(reason) != std::string::npos;
        }));
        INFO(answer.body << "\n" << log());
        CHECK(service(name).running());
        CHECK_THAT(answer.body, Catch::Contains(reason));
    }
    std::string cursor() {
        return database().transact([](store::Txn& txn) {
            std::string out;
            for (const auto& row :
                 txn.exec("SELECT (c.*)::text AS line FROM chain.cursor c ORDER BY stream")) {
                out += row.get<std::string>("line") + "\n";
            }
            return out;
        });
    }

    net::HttpClient http;
};

}  // namespace

TEST_CASE(
    "the service waits for an endpoint that serves a page instead of JSON-RPC, and readiness names it") {
    LoopbackServer page([](const auto&) {
        return LoopbackServer::reply("<!DOCTYPE html><html><body>Welcome</body></html>", "200 OK",
                                     "Content-Type: text/html\r\n");
    });
    SECTION("registry") {
        Mistakes it;
        it.start_service({{"OPBNB_RPC_URL", page.url()}});
        it.check_waits("a body that is not a JSON object");
        CHECK(it.count("chain.cursor") == 0);
    }
    SECTION("dispatcher") {
        Mistakes it("job-dispatcher");
        it.start_service({{"BSC_RPC_URL", page.url()}});
        it.check_waits("a body that is not a JSON object");
    }
    SECTION("reputation, on opBNB") {
        Mistakes it("reputation");
        it.start_service({{"ADMIN_WALLET_PRIVATE_KEY", testkit::dev_key(0)}, {"OPBNB_RPC_URL", page.url()}});
        it.check_waits("a body that is not a JSON object");
    }
    SECTION("reputation, on BSC") {
        Mistakes it("reputation");
        it.start_service({{"ADMIN_WALLET_PRIVATE_KEY", testkit::dev_key(0)}, {"BSC_RPC_URL", page.url()}});
        it.check_waits("a body that is not a JSON object");
    }
}

TEST_CASE("the service waits for an endpoint that does not answer, and readiness names it") {
    Mistakes it;
    SECTION("no server listens") {
        const auto url = "127.0.0.1:" + std::to_string(testkit::free_port());
        it.start_service({{"OPBNB_RPC_URL", "http://" + url}});
        it.check_waits("OPBNB_RPC_URL: POST http://" + url);
    }
    SECTION("the port closes each connection") {
        LoopbackServer closing([](const auto&) { return LoopbackServer::Answer{"", true, false, false}; });
        it.start_service({{"OPBNB_RPC_URL", closing.url()}});
        it.check_waits("OPBNB_RPC_URL: POST http://127.0.0.1:");
    }
    SECTION("a page with an error") {
        LoopbackServer down(
            [](const auto&) { return LoopbackServer::reply("<html>Bad gateway</html>", "502 Bad Gateway"); });
        it.start_service({{"OPBNB_RPC_URL", down.url()}});
        it.check_waits("HTTP 502");
    }
}

TEST_CASE("an address without a contract is refused") {
    Mistakes it;
    const std::string no_contract = "0x00000000000000000000000000000000000000aa";
    it.start_service({{"NODE_REPUTATION_CONTRACT_ADDRESS", no_contract}});
    it.check_refused("NODE_REPUTATION_CONTRACT_ADDRESS: there is no contract at " + no_contract);
    // The right one is accepted afterwards: the wrong one was not recorded.
    it.start_service();
    it.wait_ready();
}

TEST_CASE("a start block beyond the head is refused") {
    Mistakes it;
    it.start_service({{"NODE_REPUTATION_START_BLOCK", "1000000"}});
    it.check_refused("NODE_REPUTATION_START_BLOCK: block 1000000");
    it.start_service();
    it.wait_ready();
}

TEST_CASE("a checkpoint from another chain is refused, and kept") {
    Mistakes it;
    it.start_service();
    it.wait_ready();
    CHECK(it.service(it.name).stop() == 0);
    const auto before = it.cursor();

    // A chain where the same deployer has created the same contracts at the same addresses.
    testkit::Anvil other(it.dir() + "/other", {ChainId{56}, 0, 1});
    eth::HttpRpc rpc(other.url(), testkit::kCallTimeout);
    const auto owner = MarketFixture::signer(0);
    for (const auto& code : {contracts::job_manager::bytecode(), contracts::node_reputation::bytecode()}) {
        onchain::transact(rpc, SystemClock(), *owner, ChainId{56}, {std::nullopt, code, 0});
    }
    it.start_service({{"OPBNB_RPC_URL", other.url()}});
    it.check_refused("OPBNB_RPC_URL: " + other.url());
    CHECK_THAT(it.log(), Catch::Contains("is on chain 56") && Catch::Contains("read from chain 31337"));
    CHECK(it.cursor() == before);
}

TEST_CASE("a checkpoint of another contract is refused, and kept") {
    Mistakes it;
    it.start_service();
    it.wait_ready();
    CHECK(it.service(it.name).stop() == 0);
    const auto before = it.cursor();

    // JobManager is also a contract, and may be confused with the other.
    it.start_service({{"NODE_REPUTATION_CONTRACT_ADDRESS", it.job_manager().hex()}});
    it.check_refused(
        "NODE_REPUTATION_CONTRACT_ADDRESS: the database holds what stream registry:opbnb has read from ");
    CHECK(it.cursor() == before);
    it.start_service();
    it.wait_ready();
}

TEST_CASE("a wallet that does not own the contract is refused, and its key is not shown") {
    Mistakes it("reputation");
    const auto stranger = MarketFixture::signer(5)->address().hex();
    it.start_service({{"ADMIN_WALLET_PRIVATE_KEY", testkit::dev_key(5)}});
    it.check_refused("ADMIN_WALLET_PRIVATE_KEY: the wallet " + stranger +
                     " is not the owner of NodeReputation, which is " +
                     MarketFixture::signer(0)->address().hex());
    CHECK(it.log().find(testkit::dev_key(5).substr(2)) == std::string::npos);
    CHECK(it.count("chain.intent") == 0);

    // A contract without an owner is another contract.
    it.start_service({{"ADMIN_WALLET_PRIVATE_KEY", testkit::dev_key(0)},
                      {"NODE_REPUTATION_CONTRACT_ADDRESS", "0x00000000000000000000000000000000000000aa"}});
    it.check_refused("NODE_REPUTATION_CONTRACT_ADDRESS: there is no contract at 0x");
}

TEST_CASE("the owner of the contract is requested again while the node is down, or lags") {
    Mistakes it("reputation");
    SECTION("no server listens") {
        const auto url = "127.0.0.1:" + std::to_string(testkit::free_port());
        it.start_service(
            {{"ADMIN_WALLET_PRIVATE_KEY", testkit::dev_key(5)}, {"OPBNB_RPC_URL", "http://" + url}});
        it.check_waits(url);
    }
    SECTION("its newest block is old: the owner may have changed since") {
        it.start_service(
            {{"ADMIN_WALLET_PRIVATE_KEY", testkit::dev_key(5)}, {"OPBNB_FINALITY_MAX_AGE", "1ms"}});
        it.check_waits("is not the owner of NodeReputation");
    }
}

TEST_CASE(
    "a wallet's key that cannot be opened is refused with the setting's name, before the service starts") {
    Mistakes it("reputation");
    const auto file = [&](const std::string& name, const std::string& text) {
        std::ofstream(it.dir() + "/" + name) << text;
        return it.dir() + "/" + name;
    };
    // Web3 Secret Storage Definition, "Test vectors" (password "testpassword").
    const std::string key_file = R"({"crypto":{"cipher":"aes-128-ctr",
      "cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
      "ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2",
      "kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256",
        "salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
      "mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"version":3})";
    it.start_service({{"ADMIN_WALLET_KEYSTORE_FILE", file("keystore", key_file)},
                      {"ADMIN_WALLET_KEYSTORE_PASSWORD_FILE", file("password", "opensesame")}});
    it.check_mistaken("ADMIN_WALLET_KEYSTORE_PASSWORD_FILE: the password does not open the key file\n");
    CHECK(it.log().find("opensesame") == std::string::npos);
    it.start_service({{"ADMIN_WALLET_KEYSTORE_FILE", file("cut", key_file.substr(0, 300))},
                      {"ADMIN_WALLET_KEYSTORE_PASSWORD_FILE", file("password", "testpassword")}});
    it.check_mistaken("ADMIN_WALLET_KEYSTORE_FILE: is not a usable key file (Web3 Secret Storage 3): ");
    it.start_service();
    it.check_mistaken(
        "ADMIN_WALLET_PRIVATE_KEY: is required, or alternatively ADMIN_WALLET_PRIVATE_KEY_FILE");
    it.start_service({{"ADMIN_WALLET_PRIVATE_KEY", testkit::dev_key(0)},
                      {"ADMIN_WALLET_SIGNER_URL", "http://127.0.0.1:1"}});
    it.check_mistaken(
        "ADMIN_WALLET_PRIVATE_KEY: the key is set more than once: keep one of "
        "ADMIN_WALLET_PRIVATE_KEY, ADMIN_WALLET_SIGNER_URL\n");
    it.start_service({{"ADMIN_WALLET_PRIVATE_KEY", testkit::dev_key(0)}, {"ENVIRONMENT", "production"}});
    it.check_mistaken(
        "ADMIN_WALLET_PRIVATE_KEY: a private key in the environment is refused in production: put "
        "it into a file that only this service can read and set ADMIN_WALLET_PRIVATE_KEY_FILE");
    CHECK(it.log().find(testkit::dev_key(0).substr(2)) == std::string::npos);
}

TEST_CASE("a fee cap below every possible fee is refused") {
    Mistakes it("reputation");
    const std::pair<std::string, std::string> key{"ADMIN_WALLET_PRIVATE_KEY", testkit::dev_key(0)};
    it.start_service({key, {"OPBNB_MAX_FEE_CAP", "1000000"}, {"OPBNB_MIN_PRIORITY_FEE", "1000001"}});
    it.check_mistaken("OPBNB_MAX_FEE_CAP: is less than OPBNB_MIN_PRIORITY_FEE");
    it.start_service({key, {"OPBNB_MAX_FEE_CAP", "5"}, {"OPBNB_MIN_PRIORITY_FEE", "1"}});
    it.check_mistaken("OPBNB_MAX_FEE_CAP: is in wei per gas");
    it.start_service({key, {"OPBNB_MAX_FEE_CAP", "0"}});
    it.check_mistaken("OPBNB_MAX_FEE_CAP: must be a whole number from 1 to");
}

TEST_CASE("a remote signer without the key is refused; for an unavailable one the service waits") {
    using Manner = testkit::SigningServer::Manner;
    Mistakes it("reputation");
    testkit::SigningServer signer(testkit::dev_key(5));
    const std::map<std::string, std::string> settings = {
        {"ADMIN_WALLET_SIGNER_URL", signer.url()},
        {"ADMIN_WALLET_ADDRESS", MarketFixture::signer(0)->address().hex()}};
    it.start_service(settings);
    it.check_refused("ADMIN_WALLET_SIGNER_URL: the signer at " + signer.url() +
                     " has 2 keys, but not the key of " + MarketFixture::signer(0)->address().hex());
    signer.behave(Manner::kBusy);
    it.start_service(settings);
    it.check_waits("the signer at " + signer.url() + " answers with HTTP 503");
}

TEST_CASE("in production a bus without logins ends the service, whatever its own login is") {
    Mistakes it;
    auto url = it.nats().url();
    url.insert(std::string("nats://").size(), "user:secret@");
    const std::string message = "NATS_URL: the server accepts clients without a login";
    it.start_service({{"ENVIRONMENT", "production"}, {"NATS_URL", url}});
    it.check_refused(message);
    CHECK(it.log().find("secret") == std::string::npos);
    // An unavailable server may be a correct one.
    it.start_service({{"ENVIRONMENT", "production"},
                      {"NATS_URL", "nats://user:secret@127.0.0.1:" + std::to_string(testkit::free_port())},
                      {"METRICS_PORT", std::to_string(it.port)}});
    REQUIRE(testkit::wait_until(
        [&] { return it.readiness().body.find("not connected: no server answers") != std::string::npos; }));
    CHECK(it.log().find(message) == std::string::npos);
    CHECK(it.service(it.name).stop() == 0);
    // In development it is allowed.
    it.start_service({{"NATS_URL", url}});
    it.wait_ready();
}
