// Tests that invalid settings are refused by name at the start.
#include "services/job-dispatcher/config.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "runtime/settings.hpp"

using namespace lamda;

namespace {

/// Valid settings of a dispatcher, with one changed.
std::map<std::string, std::string> with(const std::string& name, const std::string& value) {
    std::map<std::string, std::string> out{
        {"DATABASE_URL", "postgres://lamda@127.0.0.1:5432/lamda"},
        {"NATS_URL", "nats://127.0.0.1:4222"},
        {"BSC_RPC_URL", "http://127.0.0.1:8545"},
        {"JOB_MANAGER_CONTRACT_ADDRESS", "0xd9264b533dd53198c7ae345c6afe8ef054303b53"}};
    out[name] = value;
    return out;
}

struct Read {
    dispatch::Config config;
    std::string mistakes;
};

Read read(std::map<std::string, std::string> values) {
    runtime::Settings settings(
        [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
            const auto at = values.find(name);
            return at == values.end() ? std::nullopt : std::optional<std::string>(at->second);
        });
    Read out{dispatch::read_config(settings), ""};
    for (const auto& mistake : settings.mistakes()) {
        out.mistakes += mistake.name + " ";
    }
    return out;
}

}  // namespace

TEST_CASE("FINALITY_FALLBACK is not below BSC's natural finality") {
    for (const auto* wrong : {"107s", "107999ms", "30s", "0s", "1m"}) {
        INFO(wrong);
        CHECK(read(with("FINALITY_FALLBACK", wrong)).mistakes == "FINALITY_FALLBACK ");
    }
    for (const auto* right : {"108s", "2m", "1h"}) {
        INFO(right);
        CHECK(read(with("FINALITY_FALLBACK", right)).mistakes.empty());
    }
    const auto unset = read(with("FINALITY_FALLBACK", ""));
    CHECK(unset.mistakes.empty());
    CHECK(unset.config.finality.fallback == Millis(120'000));
}

TEST_CASE("LOG_KEEP is a duration above zero") {
    for (const auto* wrong : {"0s", "7d", "-1h", "long"}) {
        INFO(wrong);
        CHECK(read(with("LOG_KEEP", wrong)).mistakes == "LOG_KEEP ");
    }
    CHECK(read(with("LOG_KEEP", "24h")).config.log_keep == std::chrono::hours(24));
    CHECK(read(with("LOG_KEEP", "")).config.log_keep == std::chrono::hours(168));
}
