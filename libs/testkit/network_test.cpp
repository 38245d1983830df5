// Tests of the slower servers: EVM node, Docker engine, content store.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "testkit/server_process.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::testkit;
namespace fs = std::filesystem;

namespace {

std::string socket_of(const DockerEngine& engine) {
    return engine.host().substr(7);
}

/// Creates and starts a container; returns its id.
std::string start_container(const std::string& socket, const std::string& name, const std::string& command) {
    const auto created = plain_http("POST", 0, socket, "/containers/create?name=" + name, "application/json",
                                    R"({"Image":"lamda/busybox:1.35","Cmd":["sh","-c",")" + command +
                                        R"("],"HostConfig":{"NetworkMode":"none","Memory":67108864}})");
    INFO(created.body);
    REQUIRE(created.status == 201);
    const auto started = plain_http("POST", 0, socket, "/containers/" + name + "/start", "", "");
    INFO(started.body);
    REQUIRE(started.status == 204);
    return name;
}

std::set<pid_t> processes_named(const std::string& words) {
    std::set<pid_t> out;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        std::ifstream file(entry.path() / "cmdline");
        std::string line;
        std::getline(file, line);
        for (char& c : line) {
            c = c == '\0' ? ' ' : c;
        }
        if (line.find(words) != std::string::npos) {
            out.insert(std::stoi(entry.path().filename()));
        }
    }
    return out;
}

}  // namespace

TEST_CASE(
    "an EVM node has its chain id, mines on demand, reorganises, and keeps its state through a restart") {
    TempDir dir("anvil");
    AnvilConfig config;
    config.chain_id = ChainId{97};
    config.slots_in_an_epoch = 32;
    Anvil anvil(dir.path(), config);
    REQUIRE(anvil.call("eth_chainId", "[]") == "\"0x61\"");
    anvil.call("anvil_mine", "[\"0x64\"]");
    REQUIRE(anvil.call("eth_blockNumber", "[]") == "\"0x64\"");
    REQUIRE(anvil.call("eth_getBlockByNumber", "[\"finalized\",false]").find("\"number\":\"0x24\"") !=
            std::string::npos);
    const auto before = anvil.call("eth_getBlockByNumber", "[\"0x63\",false]");
    anvil.call("anvil_reorg", "[3,[]]");
    REQUIRE(anvil.call("eth_getBlockByNumber", "[\"0x63\",false]") != before);
    const auto head = anvil.call("eth_getBlockByNumber", "[\"latest\",false]");
    const auto url = anvil.url();
    anvil.stop();
    REQUIRE_THROWS(anvil.call("eth_blockNumber", "[]"));
    anvil.start();
    REQUIRE(anvil.url() == url);
    REQUIRE(anvil.call("eth_getBlockByNumber", "[\"latest\",false]") == head);
    REQUIRE_THROWS_WITH(anvil.call("no_such_method", "[]"), Catch::Contains("no_such_method"));
    REQUIRE(anvil.call("eth_accounts", "[]").find("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266") !=
            std::string::npos);
    REQUIRE(dev_key(0).size() == 66);
    REQUIRE_THROWS(dev_key(10));
}

TEST_CASE("an EVM node with a block time mines by itself") {
    TempDir dir("anvil-interval");
    AnvilConfig config;
    config.block_time = 0.2;
    Anvil anvil(dir.path(), config);
    REQUIRE(wait_until([&] { return anvil.call("eth_blockNumber", "[]") >= "\"0x3\""; }));
}

TEST_CASE("a Docker engine runs containers, keeps them through a restart, and ends them when killed") {
    TempDir dir("docker");
    std::string socket;
    {
        DockerEngine engine(dir.path());
        socket = socket_of(engine);
        start_container(socket, "one", "exit 7");
        REQUIRE(plain_http("POST", 0, socket, "/containers/one/wait", "", "").body.find("\"StatusCode\":7") !=
                std::string::npos);
        engine.stop();
        REQUIRE_FALSE(accepts_connections(socket));
        engine.start();
        REQUIRE(plain_http("GET", 0, socket, "/containers/one/json", "", "").body.find("\"ExitCode\":7") !=
                std::string::npos);
    }
    REQUIRE_FALSE(accepts_connections(socket));

    // A killed process leaves no engine, shim or container behind.
    const std::string marker = "sleep 98" + std::to_string(getpid());
    const pid_t parent = fork();
    if (parent == 0) {
        DockerEngine engine(dir.path());
        plain_http("DELETE", 0, socket_of(engine), "/containers/one", "", "");
        start_container(socket_of(engine), "two", "exec " + marker);
        pause();
        _exit(0);
    }
    const bool started = wait_until([&] { return !processes_named(marker).empty(); }, Millis(60'000));
    ::kill(parent, SIGKILL);
    waitpid(parent, nullptr, 0);
    REQUIRE(started);
    REQUIRE(
        wait_until([&] { return processes_named(marker).empty() && processes_named(dir.path()).empty(); }));
}

TEST_CASE("a Docker engine below a long path creates its sockets at a short path") {
    TempDir dir("docker");
    const std::string deep = dir.path() + "/" + std::string(120, 'd');
    std::string socket;
    {
        DockerEngine engine(deep);
        socket = socket_of(engine);
        REQUIRE(socket.size() <= 107);
        REQUIRE(plain_http("GET", 0, socket, "/images/lamda/busybox:1.35/json", "", "").status == 200);
    }
    REQUIRE_FALSE(fs::exists(fs::path(socket).parent_path()));
}

TEST_CASE("the content store answers after each start") {
    TempDir dir("content");
    ContentStore store(dir.path());
    const int port = std::stoi(store.url().substr(store.url().rfind(':') + 1));
    REQUIRE(plain_http("GET", port, "", "/ipfs/not-a-cid", "", "").status >= 400);
    store.stop();
    REQUIRE_FALSE(accepts_connections(port));
    store.start();
    REQUIRE(accepts_connections(port));
}
