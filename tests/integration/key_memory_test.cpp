// Quiet secrets (invariant 9): a running service's memory holds its key once, as bytes, and never as text.
#include <filesystem>
#include <fstream>

#include "integration/market_fixture.hpp"
#include "integration/process_memory.hpp"
#include "net/http_client.hpp"

using namespace lamda;
using namespace lamda::integration;

namespace {

// Web3 Secret Storage Definition, "Test vectors".
const std::string kKey = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
const std::string kPassword = "testpassword";
const std::string kKeyFile = R"({"crypto":{"cipher":"aes-128-ctr",
  "cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},
  "ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c","kdf":"scrypt",
  "kdfparams":{"dklen":32,"n":262144,"p":8,"r":1,
    "salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},
  "mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},
  "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3})";

struct KeyScene : MarketFixture {
    KeyScene() : MarketFixture("key-memory") {
        const auto wallet = crypto::LocalSigner::from_hex(kKey).value()->address();
        contracts::node_reputation::TransferOwnership give;
        give.new_owner = wallet;
        send(*signer(0), node_reputation(), give.encode());
        anvil().call("anvil_setBalance", "[\"" + wallet.hex() + "\",\"0xde0b6b3a7640000\"]");
        register_node(provider());
    }
    std::string file(const std::string& name, const std::string& text) {
        const std::string path = dir() + "/" + name;
        std::ofstream(path) << text;
        std::filesystem::permissions(path, std::filesystem::perms(0600));
        return path;
    }
    void start_and_wait(std::map<std::string, std::string> settings) {
        const int port = testkit::free_port();
        settings["METRICS_PORT"] = std::to_string(port);
        start("reputation", std::move(settings));
        net::HttpRequest request;
        request.url = "http://127.0.0.1:" + std::to_string(port) + "/readyz";
        REQUIRE(testkit::wait_until([&] {
            mine();
            try {
                return http.send(request).status == 200;
            } catch (const net::TransportError&) {
                return false;
            }
        }));
    }
    /// Creates and confirms a job, and waits until its increment is signed and mined.
    void count_a_job(std::uint8_t salt) {
        confirm(order(salt));
        REQUIRE(testkit::wait_until([&] {
            mine();
            return count("reputation.increment WHERE job_id IS NOT NULL") == salt;
        }));
    }
    void check_memory() {
        const pid_t process = service("reputation").pid();
        const ProcessMemory memory(process);
        CHECK(memory.size() > 1'000'000);
        const auto traces = traces_of_key(memory, kKey);
        CHECK(traces.raw == 1);
        CHECK(traces.reversed == 0);
        const auto copies = memory.count("ADMIN_WALLET_PRIVATE_KEY=0x" + kKey);
        CHECK(copies <= kCopiesOfEnvironment);
        CHECK(traces.hex == copies * KeyTraces::kPieces);
        CHECK(memory.count(kPassword) == 0);
        const auto environment = environment_of(process);
        CHECK(environment.find("METRICS_PORT=") != std::string::npos);
        CHECK(environment.find(kKey) == std::string::npos);
    }

    net::HttpClient http;
};

}  // namespace

TEST_CASE("a ready reputation service holds its key once, as bytes, before and after it has signed") {
    KeyScene scene;
    SECTION("from the environment") {
        scene.start_and_wait({{"ADMIN_WALLET_PRIVATE_KEY", "0x" + kKey}});
    }
    SECTION("from a file") {
        scene.start_and_wait({{"ADMIN_WALLET_PRIVATE_KEY_FILE", scene.file("key", kKey + "\n")}});
    }
    SECTION("from a key file") {
        scene.start_and_wait({{"ADMIN_WALLET_KEYSTORE_FILE", scene.file("keystore", kKeyFile)},
                              {"ADMIN_WALLET_KEYSTORE_PASSWORD_FILE", scene.file("password", kPassword)}});
    }
    SECTION("from a credential") {
        scene.file("admin-wallet-key", kKey + "\n");
        scene.start_and_wait({{"CREDENTIALS_DIRECTORY", scene.dir()}});
    }
    scene.check_memory();
    scene.count_a_job(1);
    scene.check_memory();
    scene.count_a_job(2);
    scene.check_memory();
}

TEST_CASE("the scan finds a key that exists, so that its zeros are meaningful") {
    // A process that holds the key as text in its environment.
    testkit::ProcessSpec spec;
    spec.argv = {"sleep", "600"};
    spec.env = {{"THE_KEY", kKey}};
    testkit::Process process(spec);
    REQUIRE(
        testkit::wait_until([&] { return environment_of(process.pid()).find(kKey) != std::string::npos; }));
    const ProcessMemory memory(process.pid());
    const auto traces = traces_of_key(memory, kKey);
    CHECK(traces.hex >= KeyTraces::kPieces);
    CHECK(traces.raw == 0);
    CHECK(process.running());
}
