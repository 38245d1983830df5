// Tests that the agent's policy is read from the settings, and invalid settings are refused by name.
#include "services/node-agent/config.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace lamda;

namespace {

const std::map<std::string, std::string> kRequired{
    {"AGENT_PRIVATE_KEY", std::string(63, '0') + "1"},
    {"AGENT_STATE_DIR", "/var/lib/lamda-agent"},
    {"NATS_URL", "nats://127.0.0.1:4222"},
    {"BSC_RPC_URL", "http://127.0.0.1:8545"},
    {"OPBNB_RPC_URL", "http://127.0.0.1:8546"},
    {"JOB_MANAGER_CONTRACT_ADDRESS", "0xd9264b533dd53198c7ae345c6afe8ef054303b53"},
    {"NODE_REPUTATION_CONTRACT_ADDRESS", "0xd9264b533dd53198c7ae345c6afe8ef054303b54"},
    {"IPFS_API_URL", "http://127.0.0.1:5001"}};

struct Read {
    agent::Config config;
    std::string mistakes;
};

Read read(std::map<std::string, std::string> values) {
    values.insert(kRequired.begin(), kRequired.end());
    runtime::Settings settings([&](const std::string& name) -> std::optional<std::string> {
        const auto at = values.find(name);
        return at == values.end() ? std::nullopt : std::optional<std::string>(at->second);
    });
    Read out{agent::read_config(settings), ""};
    for (const auto& mistake : settings.mistakes()) {
        out.mistakes += mistake.name + " ";
    }
    return out;
}

}  // namespace

TEST_CASE("without settings the policy takes every job that the registries and the machine allow") {
    const auto unset = read({});
    CHECK(unset.mistakes.empty());
    wire::ProviderPolicy expected;
    expected.registries = unset.config.images.registries;
    CHECK(unset.config.policy == expected);
}

TEST_CASE("the policy is read from the settings") {
    const auto set =
        read({{"AGENT_PRICE_CPU_SECOND", "340282366920938463463374607431768211455"},
              {"AGENT_PRICE_MEMORY_GIB_SECOND", "2"},
              {"AGENT_PRICE_GPU_SECOND", "3"},
              {"AGENT_MAX_TIME", "90m"},
              {"AGENT_RENTERS_ALLOWED", "0xd9264b533dd53198c7ae345c6afe8ef054303b53"},
              {"AGENT_RENTERS_DENIED",
               "0xd9264b533dd53198c7ae345c6afe8ef054303b53, 0xd9264b533dd53198c7ae345c6afe8ef054303b54"},
              {"AGENT_IMAGES_ALLOWED", "docker.io/library/*,ghcr.io/acme/tool:1"},
              {"AGENT_NETWORK", "false"},
              {"AGENT_MAX_GPUS", "1"},
              {"AGENT_REGISTRIES", "docker.io"},
              {"AGENT_PRIVATE_REGISTRIES", "10.0.0.1:5000"},
              {"AGENT_LOCAL_IMAGES", "lamda/busybox:1.35"}});
    CHECK(set.mistakes.empty());
    const auto& policy = set.config.policy;
    CHECK(policy.price == wire::LeastPrice{(U256(1) << 128U) - U256(1), 2, 3});
    CHECK(policy.max_time_seconds == 5'400);
    CHECK(policy.renters_allowed.size() == 1);
    CHECK(policy.renters_denied.size() == 2);
    CHECK(policy.images == std::vector<std::string>{"docker.io/library/*", "ghcr.io/acme/tool:1"});
    CHECK_FALSE(policy.network);
    CHECK(policy.most.gpus == 1);
    CHECK(policy.registries == std::vector<std::string>{"docker.io", "10.0.0.1:5000"});
    CHECK(policy.local_images == std::vector<std::string>{"lamda/busybox:1.35"});
}

TEST_CASE("a wrong setting of the policy is refused by name") {
    for (const auto& [name, value] :
         {std::pair{"AGENT_PRICE_CPU_SECOND", "340282366920938463463374607431768211456"},
          {"AGENT_PRICE_MEMORY_GIB_SECOND", "1.5"},
          {"AGENT_PRICE_GPU_SECOND", "-1"},
          {"AGENT_MAX_TIME", "0s"},
          {"AGENT_MAX_TIME", "500ms"},
          {"AGENT_RENTERS_ALLOWED", "0xd9264b533dd53198c7ae345c6afe8ef054303b5"},
          {"AGENT_RENTERS_DENIED", "0xD9264b533dd53198c7ae345c6afe8ef054303b53"},
          {"AGENT_IMAGES_ALLOWED", "busy box"},
          {"AGENT_NETWORK", "perhaps"}}) {
        INFO(name << "=" << value);
        CHECK(read({{name, value}}).mistakes == std::string(name) + " ");
    }
}

TEST_CASE("the bus's login is set, or comes from the gateway, and not both") {
    const auto by_gateway = [](std::map<std::string, std::string> more) {
        more.emplace("GATEWAY_URL", "https://api.example.org/lamda/");
        more.emplace("NATS_URL", "");
        return read(std::move(more));
    };
    const auto plain = by_gateway({});
    CHECK(plain.mistakes.empty());
    CHECK(plain.config.gateway_url == "https://api.example.org/lamda");
    CHECK(plain.config.nats_url.empty());
    CHECK(by_gateway({{"ENVIRONMENT", "production"}, {"ALLOW_ENV_KEY", "true"}}).mistakes.empty());
    const auto own_servers = by_gateway({{"NATS_URL", "nats://bus.example:4222"}});
    CHECK(own_servers.mistakes.empty());
    CHECK(own_servers.config.nats_url.reveal() == "nats://bus.example:4222");
    CHECK(by_gateway({{"NATS_URL", "nats://user:password@bus.example:4222"}}).mistakes == "GATEWAY_URL ");
    CHECK(by_gateway({{"GATEWAY_URL", "api.example.org"}}).mistakes == "GATEWAY_URL ");
    CHECK(by_gateway({{"GATEWAY_URL", "https://me:secret@api.example.org"}}).mistakes == "GATEWAY_URL ");
    const std::map<std::string, std::string> production{{"ENVIRONMENT", "production"},
                                                        {"ALLOW_ENV_KEY", "true"}};
    auto clear_text = production;
    clear_text.emplace("GATEWAY_URL", "http://api.example.org");
    CHECK(by_gateway(clear_text).mistakes == "GATEWAY_URL ");
    auto loopback = production;
    loopback.emplace("GATEWAY_URL", "http://127.0.0.1:8080");
    CHECK(by_gateway(loopback).mistakes.empty());
    CHECK(read({}).config.gateway_url.empty());
    CHECK(read({{"NATS_URL", ""}}).mistakes == "NATS_URL ");
}
