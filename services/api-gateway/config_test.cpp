// Tests that invalid settings are refused by name at the start.
#include "services/api-gateway/config.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace lamda;
using namespace lamda::gateway;

namespace {

struct Read {
    Config config;
    std::string mistakes;
};

/// Reads valid settings, with one changed.
Read read_with(const std::string& name, const std::string& value) {
    std::map<std::string, std::string> values{
        {"DATABASE_URL", "postgres://lamda@127.0.0.1:5432/lamda"},
        {"NATS_URL", "nats://127.0.0.1:4222"},
        {"JOB_MANAGER_CONTRACT_ADDRESS", "0xd9264b533dd53198c7ae345c6afe8ef054303b53"}};
    values[name] = value;
    runtime::Settings settings(
        [values = std::move(values)](const std::string& asked) -> std::optional<std::string> {
            const auto at = values.find(asked);
            return at == values.end() ? std::nullopt : std::optional<std::string>(at->second);
        });
    Read out{read_config(settings), ""};
    for (const auto& mistake : settings.mistakes()) {
        out.mistakes += mistake.name + " ";
    }
    return out;
}

}  // namespace

TEST_CASE("RATE_LIMIT and RATE_LIMIT_EXPENSIVE are whole numbers; 0 is no limit") {
    const auto unset = read_with("RATE_LIMIT", "");
    CHECK(unset.config.rates.cheap == 50);
    CHECK(unset.config.rates.expensive == 10);
    CHECK(read_with("RATE_LIMIT", "0").config.rates.cheap == 0);
    CHECK(read_with("RATE_LIMIT_EXPENSIVE", "7").config.rates.expensive == 7);
    for (const char* wrong : {"-1", "0.5", "many", "1000001"}) {
        INFO(wrong);
        CHECK(read_with("RATE_LIMIT", wrong).mistakes == "RATE_LIMIT ");
        CHECK(read_with("RATE_LIMIT_EXPENSIVE", wrong).mistakes == "RATE_LIMIT_EXPENSIVE ");
    }
}

TEST_CASE("TRUSTED_PROXIES: addresses and ranges, by default loopback; none trusts no proxy") {
    const auto unset = read_with("TRUSTED_PROXIES", "");
    CHECK(unset.mistakes.empty());
    CHECK(unset.config.trusted_proxies.contain("127.0.0.1"));
    CHECK(unset.config.trusted_proxies.contain("::1"));
    CHECK_FALSE(unset.config.trusted_proxies.contain("10.0.0.1"));

    const auto set = read_with("TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::7");
    CHECK(set.mistakes.empty());
    CHECK(set.config.trusted_proxies.contain("10.9.9.9"));
    CHECK(set.config.trusted_proxies.contain("2001:db8::7"));
    CHECK_FALSE(set.config.trusted_proxies.contain("127.0.0.1"));

    const auto none = read_with("TRUSTED_PROXIES", "none");
    CHECK(none.mistakes.empty());
    CHECK_FALSE(none.config.trusted_proxies.contain("127.0.0.1"));
    for (const char* wrong : {"10.0.0.1/8", "proxy.example", "10.0.0.0/8,x", "none,10.0.0.1"}) {
        INFO(wrong);
        CHECK(read_with("TRUSTED_PROXIES", wrong).mistakes == "TRUSTED_PROXIES ");
    }
}
