#include "runtime/setting_names.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace lamda::runtime;

namespace {

std::string meant_by(const std::string& name) {
    const auto found = misspellings({name});
    return found.empty() ? "" : found.front().meant;
}

}  // namespace

TEST_CASE("the names of env.example are known, including every secret of Lamda") {
    const auto& names = setting_names();
    CHECK(names.size() > 50);
    for (const auto& secret : secret_names()) {
        INFO(secret);
        const bool of_servers = secret.ends_with("_PASSWORD");
        CHECK((of_servers || std::find(names.begin(), names.end(), secret) != names.end()));
    }
}

TEST_CASE("a setting that is named like a secret is one") {
    const std::vector<std::string> without_login{"LAMDA_API_URL", "GATEWAY_URL", "NATS_PUBLIC_URL"};
    const auto has = [](const auto& list, const std::string& name) {
        return std::find(list.begin(), list.end(), name) != list.end();
    };
    for (const auto& name : setting_names()) {
        const bool named_so = name.ends_with("_PRIVATE_KEY") || name.ends_with("_TOKEN") ||
                              name.ends_with("_JWT") || name.ends_with("_PASSWORD") ||
                              name.ends_with("_SECRET") ||
                              (name.ends_with("_URL") && !has(without_login, name));
        const bool is_switch = name.starts_with("ALLOW_");
        INFO(name);
        CHECK((!named_so || is_switch || has(secret_names(), name)));
    }
}

TEST_CASE("a misspelt setting is found; variables of other programs are ignored") {
    CHECK(meant_by("BSC_RPC_ULR") == "BSC_RPC_URL");
    CHECK(meant_by("BSC_RPC_URLS") == "BSC_RPC_URL");
    CHECK(meant_by("OPBNB_FINALITY_MAXAGE") == "OPBNB_FINALITY_MAX_AGE");
    CHECK(meant_by("AGENT_CAPACTY") == "AGENT_CAPACITY");
    CHECK(meant_by("DISPATCH_FINALTY") == "DISPATCH_FINALITY");
    CHECK(meant_by("JOB_MANGER_CONTRACT_ADDRESS") == "JOB_MANAGER_CONTRACT_ADDRESS");
    for (const auto& name : setting_names()) {
        INFO(name);
        CHECK(meant_by(name).empty());
        CHECK(meant_by(name + "_FILE").empty());
    }
    for (const char* name :
         {"PATH", "APP_PORT", "AGENT_NAME", "AGENT_ID", "NATS_CONFIG", "IPFS_PATH", "LAMDA_KEEP",
          "LAMDA_SEED", "LAMDA_CRASH_AT", "LAMDA_TEST_PATIENCE", "NATS_AGENT_PASSWORD"}) {
        INFO(name);
        CHECK(meant_by(name).empty());
    }
}
