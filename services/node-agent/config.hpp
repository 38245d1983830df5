// Settings of the agent.
#pragma once

#include <memory>

#include "crypto/signer.hpp"
#include "ipfs/content_store.hpp"
#include "runtime/bus_login.hpp"
#include "runtime/settings.hpp"
#include "services/node-agent/bus/job_probe.hpp"
#include "services/node-agent/bus/offer.hpp"
#include "services/node-agent/executor/image_policy.hpp"
#include "services/node-agent/machine/gpus.hpp"
#include "services/node-agent/onchain/onchain_registration.hpp"
#include "services/node-agent/onchain/settlement.hpp"
#include "wire/provider_policy.hpp"

namespace lamda::agent {

struct Config {
    std::shared_ptr<const crypto::Signer> signer;  ///< the provider
    std::string state_dir;                         ///< absolute
    std::string secrets_dir;                       ///< absolute, on a tmpfs
    std::size_t capacity = 1;
    runtime::Secret nats_url;              ///< empty: the servers come with the credentials
    std::optional<bus::Login> nats_login;  ///< absent: the login of nats_url, or of gateway_url
    std::string gateway_url;               ///< that gives credentials of the bus; empty: a login is set
    std::string docker_host;
    std::vector<std::string> bsc_rpc_urls;
    std::vector<std::string> opbnb_rpc_urls;
    Millis rpc_timeout{10'000};
    std::optional<ChainId> bsc_chain_id;
    Address job_manager;
    std::uint64_t max_input_bytes = 0;
    Millis retry_for{900'000};
    Offer limits;
    std::uint64_t overcommit = 1;
    bool drain = false;
    ImagePolicy images;
    ProbeConfig probe;
    wire::ProviderPolicy policy;  ///< `most`, `registries` and `local_images` repeat `limits` and `images`
    Millis image_keep{0};         ///< 0: no limit
    std::uint64_t image_max_bytes = 0;  ///< 0: no limit
    std::string auth_file;              ///< logins of registries; empty: none
    std::string runtime;                ///< of containers; empty: the engine's default
    ipfs::ContentConfig content;
    SettlementConfig settlement;
    std::optional<std::string> gpu_model;   ///< overrides the detected ones in the registration
    std::optional<std::uint64_t> vram_mib;  ///< likewise
    RegistrationConfig registration;        ///< without GPUs: use_gpus()
};

Config read_config(runtime::Settings& settings);

/// Applies the machine's GPUs to the limits and the registration; settings take precedence.
void use_gpus(const Gpus& gpus, Config& config);

}  // namespace lamda::agent
