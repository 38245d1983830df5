// Quiet secrets (invariant 9): no executable keeps a secret in its environment, or holds a secret that it
// does not read, even if it gets all of .env.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "integration/process_memory.hpp"
#include "net/testing/loopback_server.hpp"
#include "runtime/setting_names.hpp"
#include "testkit/process.hpp"
#include "testkit/server_process.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::integration;

namespace {

struct SecretSetting {
    std::string value;
    std::string secret;  ///< the part that is searched for
};

std::string key_of(char digit) {
    return std::string(31, digit) + "a" + std::string(31, digit) + "b";
}

/// An accepted value of every secret, which refers to no real service.
std::map<std::string, SecretSetting> secrets() {
    std::map<std::string, SecretSetting> out;
    char digit = '1';
    for (const auto* name : {"ADMIN_WALLET_PRIVATE_KEY", "AGENT_PRIVATE_KEY", "WALLET_PRIVATE_KEY"}) {
        out[name] = {"0x" + key_of(digit), key_of(digit)};
        ++digit;
    }
    const auto add = [&](const char* name, const std::string& before, const std::string& after = "") {
        const auto secret = "canary" + std::to_string(out.size()) + "of" + std::to_string(out.size() * 7'919);
        out[name] = {before + secret + after, secret};
    };
    add("DATABASE_URL", "postgres://lamda:", "@127.0.0.1:1/lamda");
    add("NATS_URL", "nats://lamda:", "@127.0.0.1:1");
    add("OPERATOR_TOKEN", "");
    add("PINATA_JWT", "");
    for (const auto* url : {"BSC_RPC_URL", "OPBNB_RPC_URL", "IPFS_GATEWAY_URL", "ADMIN_WALLET_SIGNER_URL"}) {
        add(url, "http://127.0.0.1:1/");
    }
    add("IPFS_API_URL", "http://lamda:", "@127.0.0.1:1");
    for (const auto& name : runtime::secret_names()) {
        if (name.ends_with("_PASSWORD")) {  // of servers
            add(name.c_str(), "");
        }
    }
    return out;
}

struct Executable {
    std::string name;
    std::set<std::string> reads;     ///< secrets that it reads
    std::set<std::string> left_out;  ///< secrets that exclude others
    std::vector<std::string> arguments;
};

const std::vector<Executable> kExecutables = {
    {"lamda-node-registry", {"DATABASE_URL", "NATS_URL", "OPBNB_RPC_URL"}, {}, {}},
    {"lamda-job-dispatcher",
     {"DATABASE_URL", "NATS_URL", "BSC_RPC_URL", "IPFS_API_URL", "IPFS_GATEWAY_URL", "OPERATOR_TOKEN"},
     {},
     {}},
    {"lamda-reputation",
     {"DATABASE_URL", "BSC_RPC_URL", "OPBNB_RPC_URL", "ADMIN_WALLET_PRIVATE_KEY"},
     {"ADMIN_WALLET_SIGNER_URL"},
     {}},
    {"lamda-api-gateway",
     {"DATABASE_URL", "NATS_URL", "OPERATOR_TOKEN", "BSC_RPC_URL", "IPFS_API_URL", "IPFS_GATEWAY_URL"},
     {},
     {}},
    {"lamda-node-agent",
     {"NATS_URL", "BSC_RPC_URL", "OPBNB_RPC_URL", "IPFS_API_URL", "IPFS_GATEWAY_URL", "PINATA_JWT",
      "AGENT_PRIVATE_KEY"},
     {},
     {}},
    // Reads settings when a command needs them.
    {"lamda",
     {"DATABASE_URL", "BSC_RPC_URL", "OPBNB_RPC_URL", "WALLET_PRIVATE_KEY", "ADMIN_WALLET_PRIVATE_KEY",
      "OPERATOR_TOKEN"},
     {},
     {"node", "list"}},
    {"lamda-devnet", {}, {}, {"demo", "--jobs", "1"}},
};

struct Scene {
    testkit::TempDir dir{"secret-names"};
    /// Accepts connections and never answers: keeps a command running.
    net::testing::LoopbackServer silent{[](const auto&) {
        net::testing::LoopbackServer::Answer answer;
        answer.hang = true;
        return answer;
    }};

    const int metrics_port = testkit::free_port();

    /// True once the executable has read its settings; before that it may hold no secret yet.
    bool has_read_settings(const std::string& executable) const {
        return executable == "lamda"          ? silent.requests() > 0
               : executable == "lamda-devnet" ? true  // reads no secrets
                                              : testkit::accepts_connections(metrics_port);
    }
    std::map<std::string, std::string> plain_settings() const {
        return {{"ENVIRONMENT", "development"},
                {"METRICS_PORT", std::to_string(metrics_port)},
                {"JOB_MANAGER_CONTRACT_ADDRESS", "0xd9264b533dd53198c7ae345c6afe8ef054303b53"},
                {"NODE_REPUTATION_CONTRACT_ADDRESS", "0x108f2c400c9828d8044a5f6985f0c9589b90758d"},
                {"BSC_CHAIN_ID", "97"},
                {"OPBNB_CHAIN_ID", "5611"},
                {"API_PORT", std::to_string(testkit::free_port())},
                {"LAMDA_API_URL", silent.url()},
                {"AGENT_STATE_DIR", dir.path() + "/agent"},
                {"DOCKER_HOST", "unix://" + dir.path() + "/no-engine"}};
    }
};

}  // namespace

TEST_CASE("no executable keeps a secret in its environment, or holds one that it does not read") {
    const auto every = secrets();
    for (const auto& name : runtime::secret_names()) {
        INFO(name);
        REQUIRE(every.contains(name));
    }
    for (const auto& executable : kExecutables) {
        for (const bool by_file : {false, true}) {
            if (by_file && executable.name == "lamda-devnet") {
                continue;  // reads no settings
            }
            INFO(executable.name << (by_file ? ", --env-file" : ", environment"));
            Scene scene;
            testkit::ProcessSpec spec;
            spec.argv = {testkit::binary_dir() + "/bin/" + executable.name};
            spec.cwd = scene.dir.path();
            spec.log_file = scene.dir.path() + "/log";
            auto settings = scene.plain_settings();
            for (const auto& [name, setting] : every) {
                if (!executable.left_out.contains(name)) {
                    settings[name] = setting.value;
                }
            }
            if (by_file) {
                std::ofstream file(scene.dir.path() + "/.env");
                for (const auto& [name, value] : settings) {
                    file << name << "='" << value << "'\n";
                }
                spec.argv.insert(spec.argv.end(), {"--env-file", scene.dir.path() + "/.env"});
            } else {
                spec.env = settings;
            }
            spec.argv.insert(spec.argv.end(), executable.arguments.begin(), executable.arguments.end());
            testkit::Process process(spec);
            const auto in_environment = [&] {
                const auto environment = environment_of(process.pid());
                std::string found;
                for (const auto& [name, setting] : every) {
                    found += environment.find(setting.secret) == std::string::npos ? "" : name + " ";
                }
                return found;
            };
            // From the start of the process on.
            CHECK(testkit::wait_until([&] { return in_environment().empty(); }));
            CHECK(in_environment().empty());
            CHECK(testkit::wait_until([&] { return scene.has_read_settings(executable.name); }));
            const auto copies = by_file ? 0 : kCopiesOfEnvironment;
            const auto in_memory = [&] {
                const ProcessMemory memory(process.pid());
                std::string found;
                for (const auto& [name, setting] : every) {
                    if (!executable.reads.contains(name) && memory.count(setting.secret) > copies) {
                        found += name + " ";
                    }
                }
                return found;
            };
            CHECK(testkit::wait_until([&] { return in_memory().empty(); }));
            CHECK(in_memory() == "");
            CHECK(process.running());
        }
    }
}
