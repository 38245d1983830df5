// Tests that invalid settings are refused by name at the start.
#include "services/api-gateway/config.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace lamda;

namespace {

struct Read {
    gateway::Config config;
    std::string mistakes;
};

Read read(std::map<std::string, std::string> values) {
    values.insert({{"DATABASE_URL", "postgres://lamda@127.0.0.1:5432/lamda"},
                   {"NATS_URL", "nats://lamda:password@127.0.0.1:4222"},
                   {"JOB_MANAGER_CONTRACT_ADDRESS", "0xd9264b533dd53198c7ae345c6afe8ef054303b53"}});
    runtime::Settings settings(
        [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
            const auto at = values.find(name);
            return at == values.end() ? std::nullopt : std::optional<std::string>(at->second);
        });
    Read out{gateway::read_config(settings), ""};
    for (const auto& mistake : settings.mistakes()) {
        out.mistakes += mistake.name + " ";
        CHECK(mistake.message.find("secret") == std::string::npos);
    }
    return out;
}

/// Reads valid settings, with one changed.
Read read_one(const std::string& name, const std::string& value) {
    return read({{name, value}});
}

}  // namespace

TEST_CASE("Applications to sign in to are SIGN_IN_DOMAINS, or those of CORS_ALLOWED_ORIGINS") {
    const auto set = read({{"SIGN_IN_DOMAINS", "App.Example, other.example:8443,localhost:3000,[::1]:5173"},
                           {"CORS_ALLOWED_ORIGINS", "https://more.example"}});
    CHECK(set.mistakes.empty());
    CHECK(set.config.sign_in_domains.names ==
          std::vector<std::string>{"app.example", "other.example:8443", "localhost:3000", "[::1]:5173"});
    CHECK_FALSE(set.config.sign_in_domains.loopback);

    const auto origins =
        read({{"CORS_ALLOWED_ORIGINS", "https://app.example,http://localhost:5173,tauri://localhost"}});
    CHECK(origins.config.sign_in_domains.names == std::vector<std::string>{"app.example", "localhost:5173"});
    CHECK(origins.config.sign_in_domains.loopback);
    for (const char* own : {"localhost", "LOCALHOST:3000", "127.0.0.1:80", "[::1]:65535"}) {
        CHECK(origins.config.sign_in_domains.allow(own));
    }
    for (const char* other :
         {"localhost:", "localhost:x@evil.example", "localhost:123456", "localhost.evil.example"}) {
        CHECK_FALSE(origins.config.sign_in_domains.allow(other));
    }
    CHECK(read({{"CORS_ALLOWED_ORIGINS", "*"}}).config.sign_in_domains.names.empty());
    const auto production = read({{"ENVIRONMENT", "production"}});
    CHECK_FALSE(production.config.sign_in_domains.loopback);
    CHECK(production.config.production);
    for (const auto* wrong : {"https://app.example", "*", "app.example/login", "user@app.example",
                              "app.example:0", "app.example,*",
                              "b\xc3\xbc"
                              "cher.example"}) {
        INFO(wrong);
        CHECK(read({{"SIGN_IN_DOMAINS", wrong}}).mistakes.find("SIGN_IN_DOMAINS") == 0);
    }
}

TEST_CASE("Endpoints of BSC are optional, and a wrong one is not repeated") {
    CHECK(read({}).config.bsc_rpc_urls.empty());
    CHECK(read({{"BSC_RPC_URL", "http://one:1,https://two/key"}}).config.bsc_rpc_urls ==
          std::vector<std::string>{"http://one:1", "https://two/key"});
    CHECK(read({{"BSC_RPC_URL", "http://one:1,two/secret"}}).mistakes == "BSC_RPC_URL ");
    CHECK(read({{"SESSION_SAME_SITE", "strict"}}).mistakes == "SESSION_SAME_SITE ");
    CHECK(read({{"SESSION_SAME_SITE", "None"}}).config.cookie_same_site == "none");
    CHECK(read({}).config.cookie_same_site == "lax");
}

TEST_CASE("RATE_LIMIT, RATE_LIMIT_EXPENSIVE and RATE_LIMIT_KEY are whole numbers; 0 is no limit") {
    const auto unset = read_one("RATE_LIMIT", "");
    CHECK(unset.config.rates.cheap == 50);
    CHECK(unset.config.rates.expensive == 10);
    CHECK(read_one("RATE_LIMIT", "0").config.rates.cheap == 0);
    CHECK(read_one("RATE_LIMIT_EXPENSIVE", "7").config.rates.expensive == 7);
    CHECK(unset.config.rates.key == 500);
    CHECK(read_one("RATE_LIMIT_KEY", "70").config.rates.key == 70);
    for (const char* wrong : {"-1", "0.5", "many", "1000001"}) {
        INFO(wrong);
        CHECK(read_one("RATE_LIMIT", wrong).mistakes == "RATE_LIMIT ");
        CHECK(read_one("RATE_LIMIT_EXPENSIVE", wrong).mistakes == "RATE_LIMIT_EXPENSIVE ");
        CHECK(read_one("RATE_LIMIT_KEY", wrong).mistakes == "RATE_LIMIT_KEY ");
    }
}

TEST_CASE("TRUSTED_PROXIES: addresses and ranges, by default loopback; none trusts no proxy") {
    const auto unset = read_one("TRUSTED_PROXIES", "");
    CHECK(unset.mistakes.empty());
    CHECK(unset.config.trusted_proxies.contain("127.0.0.1"));
    CHECK(unset.config.trusted_proxies.contain("::1"));
    CHECK_FALSE(unset.config.trusted_proxies.contain("10.0.0.1"));

    const auto set = read_one("TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::7");
    CHECK(set.mistakes.empty());
    CHECK(set.config.trusted_proxies.contain("10.9.9.9"));
    CHECK(set.config.trusted_proxies.contain("2001:db8::7"));
    CHECK_FALSE(set.config.trusted_proxies.contain("127.0.0.1"));

    const auto none = read_one("TRUSTED_PROXIES", "none");
    CHECK(none.mistakes.empty());
    CHECK_FALSE(none.config.trusted_proxies.contain("127.0.0.1"));
    for (const char* wrong : {"10.0.0.1/8", "proxy.example", "10.0.0.0/8,x", "none,10.0.0.1"}) {
        INFO(wrong);
        CHECK(read_one("TRUSTED_PROXIES", wrong).mistakes == "TRUSTED_PROXIES ");
    }
}

TEST_CASE("Uploads have a size in bytes and quotas in MiB, and wrong ones are named") {
    const auto defaults = read({}).config;
    CHECK(defaults.files_max_bytes == 1U << 30);
    CHECK(defaults.upload_quota.client == std::uint64_t{2} << 30);
    const auto set = read({{"FILES_MAX_BYTES", "1000"}, {"UPLOAD_QUOTA_TOTAL", "3"}});
    CHECK(set.mistakes.empty());
    CHECK(set.config.files_max_bytes == 1000);
    CHECK(set.config.upload_quota.total == 3U << 20);
    for (const char* name :
         {"FILES_MAX_BYTES", "UPLOAD_QUOTA_CLIENT", "UPLOAD_QUOTA_ACCOUNT", "UPLOAD_QUOTA_TOTAL"}) {
        for (const char* wrong : {"0", "-1", "many", "99999999999999999999"}) {
            CHECK(read_one(name, wrong).mistakes == std::string(name) + " ");
        }
    }
}
