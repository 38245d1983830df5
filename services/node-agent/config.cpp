#include "services/node-agent/config.hpp"

#include <algorithm>

#include "bus/server_list.hpp"
#include "crypto/address_text.hpp"
#include "ipfs/store_url.hpp"
#include "runtime/server_settings.hpp"
#include "services/node-agent/executor/registry_login.hpp"
#include "wallet/wallet.hpp"

namespace lamda::agent {

namespace {

constexpr auto kRuntimeCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/";

std::optional<ChainId> chain_id(runtime::Settings& settings, const std::string& name,
                                const std::string& help) {
    const auto value = settings.maybe_number(name, help);
    return value ? std::optional(ChainId{*value}) : std::nullopt;
}

ipfs::ContentConfig read_content(runtime::Settings& settings) {
    ipfs::ContentConfig content;
    content.api_url = settings.normal_form(
        "IPFS_API_URL", "the IPFS node that takes outputs (its HTTP interface)", &ipfs::parse_api_url);
    content.gateways = settings.normal_forms(
        "IPFS_GATEWAY_URL", "gateways that inputs are read from, in addition to IPFS_API_URL",
        &ipfs::parse_gateway_url);
    content.pinata_jwt = settings.secret("PINATA_JWT", "pins outputs at Pinata when set", false).reveal();
    return content;
}

std::optional<std::uint64_t> limit(runtime::Settings& settings, const char* name, const char* help,
                                   std::uint64_t least) {
    const auto most = settings.maybe_number(name, help);
    if (most && *most < least) {
        settings.mistake(name, "must be at least " + std::to_string(least));
    }
    return most;
}

Offer read_limits(runtime::Settings& settings) {
    return {
        limit(settings, "AGENT_MAX_CPU_MILLIS", "most cpuMillis of one job; absent: the machine's CPUs", 1),
        limit(settings, "AGENT_MAX_MEMORY_MIB", "most memoryMib of one job; absent: the machine's", 8),
        limit(settings, "AGENT_MAX_DISK_MIB",
              "most diskMib of one job; absent: the file system's of AGENT_STATE_DIR", 1),
        limit(settings, "AGENT_MAX_GPUS", "most gpuCount of one job; absent: the GPUs found", 0)};
}

ImagePolicy read_images(runtime::Settings& settings) {
    ImagePolicy policy;
    const auto list = [&](const char* name, const char* help, const char* fallback,
                          Status (*check)(const std::vector<std::string>&)) {
        auto items = settings.list(name, help, false, fallback);
        if (const auto fits = check(items); !fits) {
            settings.mistake(name, fits.error().message);
        }
        return items;
    };
    policy.registries =
        list("AGENT_REGISTRIES", "registries that images are pulled from, host[:port]; public addresses only",
             "docker.io,ghcr.io,quay.io,public.ecr.aws,mcr.microsoft.com,nvcr.io,registry.k8s.io",
             &check_registries);
    policy.private_registries =
        list("AGENT_PRIVATE_REGISTRIES", "registries that images are pulled from at any address, host[:port]",
             "", &check_registries);
    policy.local_images = list("AGENT_LOCAL_IMAGES",
                               "images that run as stored on the engine, without a pull", "", &check_images);
    return policy;
}

Result<U256> parse_price(std::string_view text) {
    const auto price = u256_from_decimal(text);
    return price && *price < (U256(1) << 128U)
               ? price
               : Error{"invalid_price", "must be a whole number of wei below 2^128", ""};
}

Status check_patterns(const std::vector<std::string>& patterns) {
    constexpr std::size_t kMostBytes = 255;
    for (const auto& pattern : patterns) {
        if (pattern.size() > kMostBytes || pattern.find_first_of(" \t") != std::string::npos) {
            return Error{
                "invalid_pattern",
                "must be comma-separated image references of at most 255 bytes, with * for any characters",
                ""};
        }
    }
    return Ok{};
}

std::vector<Address> read_addresses(runtime::Settings& settings, const char* name, const char* help) {
    constexpr std::size_t kMost = 256;
    std::vector<Address> out;
    for (const auto& item : settings.list(name, help, false)) {
        const auto address = crypto::parse_address(item);
        if (!address) {
            settings.mistake(name, "must be comma-separated addresses: " + address.error().message);
            break;
        }
        out.push_back(*address);
    }
    if (out.size() > kMost) {
        settings.mistake(name, "must be at most 256 addresses");
    }
    return out;
}

ProbeConfig read_probe(runtime::Settings& settings) {
    constexpr Millis kLongest{20'000};  // below the acknowledgement time of an assignment
    auto probe = parse_probe(
        settings.text("AGENT_PROBE",
                      "asked before a job is taken: an http(s) URL, or an absolute path with arguments", ""));
    if (!probe) {
        settings.mistake("AGENT_PROBE", probe.error().message);
        probe = ProbeConfig{};
    }
    probe->timeout = settings.positive_duration("AGENT_PROBE_TIMEOUT", "timeout of the probe's answer", "5s");
    if (probe->timeout > kLongest) {
        settings.mistake("AGENT_PROBE_TIMEOUT", "must be at most 20s");
    }
    return *std::move(probe);
}

wire::ProviderPolicy read_policy(runtime::Settings& settings, const Config& config) {
    const auto price = [&](const char* name, const char* help) {
        return settings.parsed<U256>(name, help, "0", &parse_price, U256(0));
    };
    wire::ProviderPolicy policy;
    policy.price = {
        price("AGENT_PRICE_CPU_SECOND", "least payment for one CPU and second, in wei; 0: anything"),
        price("AGENT_PRICE_MEMORY_GIB_SECOND",
              "least payment for 1 GiB of memory and second, in wei; 0: anything"),
        price("AGENT_PRICE_GPU_SECOND", "least payment for one GPU and second, in wei; 0: anything")};
    const auto longest = std::chrono::duration_cast<std::chrono::seconds>(
        settings.positive_duration("AGENT_MAX_TIME", "longest timeLimitSeconds of a job", "24h"));
    if (longest.count() < 1) {
        settings.mistake("AGENT_MAX_TIME", "must be at least 1s");
    }
    policy.max_time_seconds = static_cast<std::uint32_t>(std::min<std::int64_t>(longest.count(), 86'400));
    policy.network = settings.boolean("AGENT_NETWORK", "run jobs that request a network", true);
    policy.renters_allowed =
        read_addresses(settings, "AGENT_RENTERS_ALLOWED", "addresses whose jobs run here; absent: all");
    policy.renters_denied =
        read_addresses(settings, "AGENT_RENTERS_DENIED", "addresses whose jobs are refused");
    policy.images = settings.list("AGENT_IMAGES_ALLOWED",
                                  "images that run here, full references with * for any characters; absent: "
                                  "all that AGENT_REGISTRIES and the like allow",
                                  false);
    if (const auto fits = check_patterns(policy.images); !fits) {
        settings.mistake("AGENT_IMAGES_ALLOWED", fits.error().message);
    }
    policy.most = config.limits;
    policy.registries = config.images.registries;
    policy.registries->insert(policy.registries->end(), config.images.private_registries.begin(),
                              config.images.private_registries.end());
    policy.local_images = config.images.local_images;
    return policy;
}

void read_docker(runtime::Settings& settings, Config& config) {
    config.images = read_images(settings);
    config.image_keep = settings.duration(
        "AGENT_IMAGE_KEEP", "time for which an unused image that the agent pulled is kept; 0s: no limit",
        "168h");
    config.image_max_bytes =
        limit(
            settings, "AGENT_IMAGE_MAX_MIB",
            "size of all images that the agent pulled, above which unused ones are removed; absent: no limit",
            1)
            .value_or(0)
        << 20U;
    config.auth_file = settings.text("AGENT_REGISTRY_AUTH_FILE",
                                     "logins of registries, as docker login writes them to config.json", "");
    if (const auto logins = read_registry_logins(config.auth_file); !config.auth_file.empty() && !logins) {
        settings.mistake("AGENT_REGISTRY_AUTH_FILE", logins.error().message);
    }
    config.runtime = settings.text(
        "AGENT_RUNTIME", "the engine's runtime for containers, such as runsc; absent: its default", "");
    if (config.runtime.find_first_not_of(kRuntimeCharacters) != std::string::npos) {
        settings.mistake("AGENT_RUNTIME", "must be the name of a runtime of the engine, such as runsc");
    }
}

/// True for an address that TLS must protect in production: a peer that answers in the gateway's place
/// names the bus that the agent takes its work from.
bool is_clear_text(const std::string& url) {
    const auto host = net::redact_url(url);
    return host.starts_with("http://") && !host.starts_with("http://127.") &&
           !host.starts_with("http://localhost") && !host.starts_with("http://[::1]");
}

/// The bus's servers and login: set, or from the gateway.
void read_bus(runtime::Settings& settings, Config& config) {
    constexpr auto kGateway = "GATEWAY_URL";
    auto url = settings
                   .maybe_text(kGateway,
                               "the market's REST interface, which gives the agent its credentials of the "
                               "bus; absent: NATS_URL or NATS_CREDS_FILE has a login")
                   .value_or("");
    config.nats_url =
        url.empty() ? runtime::read_nats_url(settings) : runtime::read_optional_nats_url(settings);
    config.nats_login = runtime::read_nats_login(settings);
    if (url.empty()) {
        return;
    }
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
        settings.mistake(kGateway, "must be an http:// or https:// URL");
    } else if (url.find('@') != std::string::npos) {
        settings.mistake(kGateway, "must have no login: the agent proves its key");
    } else if (settings.environment() == "production" && is_clear_text(url)) {
        settings.mistake(kGateway, "must begin with https:// in production");
    }
    url.erase(url.find_last_not_of('/') + 1);
    const auto servers = bus::parse_servers(config.nats_url.reveal());
    if (config.nats_login || (servers && (!servers->user.empty() || !servers->token.empty()))) {
        settings.mistake(kGateway,
                         "contradicts the login of NATS_CREDS_FILE or NATS_URL: set one of the three");
    }
    config.gateway_url = std::move(url);
}

void read_registration(runtime::Settings& settings, Config& config) {
    constexpr std::uint64_t kMostVram = 1ULL << 40;
    config.registration.node_reputation =
        settings.address("NODE_REPUTATION_CONTRACT_ADDRESS", "NodeReputation on opBNB");
    config.registration.chain_id = chain_id(settings, "OPBNB_CHAIN_ID", "absent: not checked");
    config.registration.heartbeat_interval = settings.duration(
        "HEARTBEAT_INTERVAL", "interval of a registered node's heartbeats on opBNB; 0s: none", "5m");
    config.registration.register_node =
        settings.boolean("AGENT_REGISTER", "register on opBNB when not registered", false);
    config.gpu_model = settings.maybe_text("AGENT_GPU_MODEL",
                                           "GPU model in the registration; absent: the GPUs found, or none");
    config.vram_mib =
        limit(settings, "AGENT_VRAM_MIB",
              "GPU memory in the registration, in MiB; absent: that of the smallest GPU found", 0);
    if (config.vram_mib.value_or(0) > kMostVram) {
        settings.mistake("AGENT_VRAM_MIB", "must be at most " + std::to_string(kMostVram));
    }
}

}  // namespace

Config read_config(runtime::Settings& settings) {
    constexpr std::uint64_t kMib = 1ULL << 20;
    constexpr Millis kLongestRetry{25 * 60'000};  // below the dispatcher's 30 min for storing the output
    Config config;
    // A local wallet: signing statuses must not wait for a remote signer.
    config.signer = wallet::read_local_wallet(settings, {"AGENT", "agent", "the provider's key"}).signer;
    config.state_dir =
        settings.text("AGENT_STATE_DIR", "folder of the journal, the transaction queues and the jobs' files");
    if (!config.state_dir.empty() && config.state_dir.front() != '/') {
        settings.mistake("AGENT_STATE_DIR", "must be an absolute path: the container engine needs one");
    }
    config.secrets_dir = settings.text(
        "AGENT_SECRETS_DIR", "folder of jobs' opened secrets; must be in memory (tmpfs)", "/run/lamda-agent");
    if (config.secrets_dir.empty() || config.secrets_dir.front() != '/') {
        settings.mistake("AGENT_SECRETS_DIR", "must be an absolute path: the container engine needs one");
    }
    config.capacity = settings.number("AGENT_CAPACITY", "jobs that run at the same time", 1, 1, 256);
    read_bus(settings, config);
    config.docker_host =
        settings.text("DOCKER_HOST", "the container engine's socket", "unix:///var/run/docker.sock");
    if (!config.docker_host.starts_with("unix:///")) {
        settings.mistake("DOCKER_HOST", "must have the form unix:///path");
    }
    config.bsc_rpc_urls = settings.urls("BSC_RPC_URL", "BSC endpoints");
    config.opbnb_rpc_urls = settings.urls("OPBNB_RPC_URL", "opBNB endpoints");
    config.rpc_timeout = settings.positive_duration("RPC_TIMEOUT", "timeout of one chain call", "10s");
    config.bsc_chain_id =
        chain_id(settings, "BSC_CHAIN_ID", "absent: the chain id that all endpoints of BSC_RPC_URL report");
    config.job_manager = settings.address("JOB_MANAGER_CONTRACT_ADDRESS", "JobManager on BSC");
    config.max_input_bytes = settings.number("AGENT_MAX_INPUT_MIB", "largest input that is fetched, in MiB",
                                             10'240, 1, 1'048'576) *
                             kMib;
    config.retry_for = settings.duration(
        "AGENT_RETRY_FOR", "time for which one attempt retries an unavailable registry, source or store",
        "15m");
    if (config.retry_for > kLongestRetry) {
        settings.mistake("AGENT_RETRY_FOR",
                         "must be at most 25m: the dispatcher ends the attempt soon after");
    }
    config.limits = read_limits(settings);
    read_docker(settings, config);
    config.overcommit = settings.number(
        "AGENT_OVERCOMMIT", "factor of the machine's CPUs, memory and disk that jobs may require together", 1,
        1, 256);
    config.drain = settings.boolean("AGENT_DRAIN", "take no new job, finish the accepted ones", false);
    config.policy = read_policy(settings, config);
    config.probe = read_probe(settings);
    config.content = read_content(settings);

    config.settlement.job_manager = config.job_manager;
    config.settlement.confirm = settings.boolean("AGENT_CONFIRM", "confirm results on chain", false);
    config.settlement.claim =
        settings.boolean("AGENT_CLAIM", "claim rewards on chain once they are confirmed", false);

    read_registration(settings, config);
    return config;
}

void use_gpus(const Gpus& gpus, Config& config) {
    config.limits.gpus = offered_gpus(config.limits.gpus, gpus);
    config.policy.most.gpus = config.limits.gpus;
    config.registration.gpu_model = config.gpu_model.value_or(models_of(gpus.found));
    config.registration.vram_mib = config.vram_mib.value_or(least_memory_mib(gpus.found));
}

}  // namespace lamda::agent
