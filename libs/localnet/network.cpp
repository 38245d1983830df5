#include "localnet/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"
#include "eth/rpc_client.hpp"
#include "onchain/transact.hpp"
#include "store/migrations.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/patience.hpp"

namespace lamda::localnet {
namespace {

constexpr ChainId kBsc{97};
constexpr ChainId kOpbnb{5611};
/// The services that read a chain.
constexpr std::array kWatchers{"node-registry", "job-dispatcher", "reputation"};
constexpr auto kDatabase = "lamda";
constexpr double kBscBlockSeconds = 0.45;
constexpr double kOpbnbBlockSeconds = 0.25;
/// States kept of old blocks: those of all blocks would take 9 GB an hour.
constexpr unsigned kOldStates = 1'000;

// Accounts of the well-known test mnemonic.
constexpr std::size_t kAdminKey = 0;
constexpr std::size_t kRenterKey = 4;
const std::vector<std::size_t> kProviderKeys = {3, 5};

constexpr auto kLocalImage = "lamda/busybox:1.35";  // imported into the engine, not in a registry
constexpr auto kOperatorToken = "devnet-operator";
constexpr Millis kPatience(60'000);

std::unique_ptr<crypto::Signer> signer_of(std::size_t key) {
    return std::move(crypto::LocalSigner::from_hex(testkit::dev_key(key))).value();
}

std::string agent_name(std::size_t index) {
    return "node-agent-" + std::to_string(index + 1);
}

std::string last_lines(const std::string& file, std::size_t count) {
    std::ifstream in(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
    }
    std::string out;
    for (std::size_t i = lines.size() > count ? lines.size() - count : 0; i < lines.size(); ++i) {
        out += "\n  " + lines[i];
    }
    return out;
}

}  // namespace

Network::Network(NetworkConfig config, const Progress& progress) : config_(std::move(config)) {
    std::filesystem::remove_all(config_.dir);
    std::filesystem::create_directories(config_.dir + "/logs");
    admin_ = signer_of(kAdminKey);
    renter_ = signer_of(kRenterKey);
    for (const auto key : kProviderKeys) {
        providers_.push_back(signer_of(key)->address());
    }
    start_servers(progress);
    progress("contracts: JobManager on BSC, NodeReputation on opBNB");
    deploy_contracts();
    define_services();
}

std::map<std::string, std::string> Network::shared_settings() const {
    return {
        {"NATS_URL", nats_->url()},
        {"BSC_RPC_URL", bsc_->url()},
        {"OPBNB_RPC_URL", opbnb_->url()},
        {"BSC_CHAIN_ID", std::to_string(kBsc.value)},
        {"OPBNB_CHAIN_ID", std::to_string(kOpbnb.value)},
        {"JOB_MANAGER_CONTRACT_ADDRESS", job_manager_.hex()},
        {"NODE_REPUTATION_CONTRACT_ADDRESS", node_reputation_.hex()},
        {"JOB_MANAGER_START_BLOCK", std::to_string(job_manager_block_.value)},
        {"NODE_REPUTATION_START_BLOCK", std::to_string(node_reputation_block_.value)},
    };
}

void Network::define_services() {
    auto common = shared_settings();
    common["DISPATCH_FINALITY"] = config_.dispatch_finality;
    common["ENVIRONMENT"] = "development";
    for (const auto& [name, value] : config_.more_env) {
        common[name] = value;
    }
    const auto with = [&](std::map<std::string, std::string> more) {
        more.insert(common.begin(), common.end());
        return more;
    };
    const auto service = [&](const std::string& name, std::map<std::string, std::string> more = {}) {
        more.insert({"DATABASE_URL", testkit::role_dsn(*postgres_, kDatabase, testkit::database_role(name))});
        define(name, "lamda-" + name, with(std::move(more)));
    };
    api_port_ = config_.api_port != 0 ? config_.api_port : testkit::free_port();
    service("node-registry");
    service("job-dispatcher", {{"IPFS_GATEWAY_URL", content_->url()}, {"OPERATOR_TOKEN", kOperatorToken}});
    service("reputation", {{"ADMIN_WALLET_PRIVATE_KEY", testkit::dev_key(kAdminKey)}});
    for (const char* watcher : kWatchers) {  // optional second instances
        const auto& first = services_.at(watcher).spec;
        define(watcher + std::string("-2"), std::filesystem::path(first.argv[0]).filename().string(),
               first.env);
    }
    service("api-gateway", {{"API_PORT", std::to_string(api_port_)},
                            {"IPFS_API_URL", content_->url()},
                            {"IPFS_GATEWAY_URL", content_->url()},
                            {"OPERATOR_TOKEN", kOperatorToken},
                            {"CORS_ALLOWED_ORIGINS", "*"}});
    for (std::size_t i = 0; i < kProviderKeys.size(); ++i) {
        const std::string state = config_.dir + "/" + agent_name(i);
        std::filesystem::create_directories(state);
        define(agent_name(i), "lamda-node-agent",
               with({{"AGENT_PRIVATE_KEY", testkit::dev_key(kProviderKeys[i])},
                     {"AGENT_STATE_DIR", state},
                     {"AGENT_SECRETS_DIR", "/dev/shm/lamda-agent"},
                     {"AGENT_CAPACITY", "2"},
                     {"AGENT_CONFIRM", "true"},
                     {"AGENT_CLAIM", "true"},
                     {"AGENT_LOCAL_IMAGES", kLocalImage},
                     {"IPFS_API_URL", content_->url()},
                     {"IPFS_GATEWAY_URL", content_->url()},
                     {"DOCKER_HOST", docker_->host()}}));
    }
}

void Network::start_all(const Progress& progress) {
    progress("services: node-registry, job-dispatcher, reputation, api-gateway");
    const auto names = services();
    const auto first_agent = names.begin() + static_cast<std::ptrdiff_t>(names.size() - kProviderKeys.size());
    std::for_each(names.begin(), first_agent, [&](const std::string& name) { start_service(name); });
    progress("providers: two nodes register on opBNB, their agents start");
    for (std::size_t i = 0; i < kProviderKeys.size(); ++i) {
        register_provider(i);
    }
    std::for_each(first_agent, names.end(), [&](const std::string& name) { start_service(name); });
    for (const auto& name : names) {
        wait_ready(name);
        progress(name + " is ready");
    }
}

Network::~Network() {
    // Agents first: they own containers and call all other services.
    for (const char* prefix : {"node-agent", ""}) {
        for (auto& [name, service] : services_) {
            if (name.starts_with(prefix) && service.process && service.process->running()) {
                service.process->signal(15);
            }
        }
        for (auto& [name, service] : services_) {
            if (name.starts_with(prefix) && service.process) {
                service.process->stop();
            }
        }
    }
}

void Network::start_servers(const Progress& progress) {
    progress("PostgreSQL");
    postgres_ = std::make_unique<testkit::PostgresServer>(config_.dir + "/postgres");
    create_database();
    progress("NATS with JetStream");
    nats_ = std::make_unique<testkit::NatsServer>(config_.dir + "/nats");
    progress("EVM nodes: BSC (chain 97, 0.45 s a block), opBNB (chain 5611, 0.25 s)");
    const auto start = [&](const char* folder, ChainId chain, double seconds, unsigned slots) {
        testkit::AnvilConfig config{chain, seconds, slots};
        config.old_states = kOldStates;
        return std::make_unique<testkit::Anvil>(config_.dir + "/" + folder, config);
    };
    bsc_ = start("bsc", kBsc, kBscBlockSeconds, config_.bsc_slots);
    opbnb_ = start("opbnb", kOpbnb, kOpbnbBlockSeconds, config_.opbnb_slots);
    bsc_rpc_ = std::make_unique<eth::HttpRpc>(bsc_->url(), testkit::kCallTimeout);
    opbnb_rpc_ = std::make_unique<eth::HttpRpc>(opbnb_->url(), testkit::kCallTimeout);
    progress("content store");
    content_ = std::make_unique<testkit::ContentStore>(config_.dir + "/content");
    progress("Docker engine");
    docker_ = std::make_unique<testkit::DockerEngine>(config_.dir + "/docker");
}

void Network::deploy_contracts() {
    onchain::TxRequest request;
    request.data =
        config_.foreign_contracts ? config_.foreign_contracts->first : contracts::job_manager::bytecode();
    const auto job_manager_tx = onchain::submit(*bsc_rpc_, *admin_, kBsc, request);
    request.data = config_.foreign_contracts ? config_.foreign_contracts->second
                                             : contracts::node_reputation::bytecode();
    const auto reputation = onchain::transact(*opbnb_rpc_, SystemClock(), *admin_, kOpbnb, request);
    const auto job_manager = onchain::wait_mined(*bsc_rpc_, SystemClock(), job_manager_tx);
    job_manager_ = job_manager.contract_address.value();
    job_manager_block_ = job_manager.block.number;
    node_reputation_ = reputation.contract_address.value();
    node_reputation_block_ = reputation.block.number;
}

void Network::register_provider(std::size_t index) {
    contracts::node_reputation::RegisterNode call;
    call.gpu_model = index == 0 ? "NVIDIA RTX 4090" : "NVIDIA A100";
    call.vram = index == 0 ? 24'576 : 81'920;
    onchain::TxRequest request;
    request.to = node_reputation_;
    request.data = call.encode();
    onchain::transact(*opbnb_rpc_, SystemClock(), *signer_of(kProviderKeys.at(index)), kOpbnb, request);
}

void Network::define(const std::string& name, const std::string& executable,
                     std::map<std::string, std::string> env) {
    const int port = testkit::free_port();
    env["METRICS_PORT"] = std::to_string(port);
    Service service;
    service.spec.argv = {config_.executables + "/" + executable};
    service.spec.env = std::move(env);
    service.spec.cwd = config_.dir;
    service.spec.log_file = config_.dir + "/logs/" + name + ".log";
    service.metrics_url = fmt::format("http://127.0.0.1:{}", port);
    services_.insert_or_assign(name, std::move(service));
}

std::vector<std::string> Network::services() const {
    std::vector<std::string> out;
    out.assign(kWatchers.begin(), kWatchers.end());
    out.emplace_back("api-gateway");
    for (std::size_t i = 0; i < kProviderKeys.size(); ++i) {
        out.push_back(agent_name(i));
    }
    return out;
}

void Network::kill_service(const std::string& name) {
    services_.at(name).process->kill();
}

void Network::create_database() {
    postgres_->drop_database(kDatabase);
    store::Database owner(testkit::create_database_with_roles(*postgres_, kDatabase), "devnet", 1);
    dsn_ = postgres_->dsn(kDatabase);
    store::migrate(owner);
}

void Network::start_service(const std::string& name, const std::map<std::string, std::string>& more_env) {
    auto& service = services_.at(name);
    auto spec = service.spec;
    for (const auto& [key, value] : more_env) {
        spec.env[key] = value;
    }
    service.process = std::make_unique<testkit::Process>(spec);
}

int Network::stop_service(const std::string& name) {
    return services_.at(name).process->stop();
}

std::string Network::log_file(const std::string& name) const {
    return services_.at(name).spec.log_file;
}

pid_t Network::pid_of(const std::string& name) const {
    return services_.at(name).process->pid();
}

bool Network::ready(const std::string& name) {
    return ask_readiness(name).first == 200;
}

std::string Network::readiness(const std::string& name) {
    return ask_readiness(name).second;
}

std::pair<int, std::string> Network::ask_readiness(const std::string& name) {
    try {
        net::HttpRequest request;
        request.url = services_.at(name).metrics_url + "/readyz";
        request.timeout = Millis(2'000);
        const auto answer = http_.send(request);
        return {answer.status, answer.body};
    } catch (const net::TransportError& error) {
        return {0, error.what()};
    }
}

void Network::wait_ready(const std::string& name) {
    auto& service = services_.at(name);
    const bool ok = testkit::wait_until(
        [&] { return ready(name) || !service.process || !service.process->running(); }, kPatience);
    if (!ok || !service.process || !service.process->running()) {
        throw std::runtime_error(name + (ok ? " ended" : " is not ready: " + readiness(name)) +
                                 "; the last lines of " + service.spec.log_file + ":" +
                                 last_lines(service.spec.log_file, 8));
    }
}

ChainId Network::bsc_chain() const {
    return kBsc;
}

std::string Network::api_url() const {
    return fmt::format("http://127.0.0.1:{}", api_port_);
}

std::vector<Place> Network::places() const {
    std::vector<Place> out = {
        {"postgresql", dsn_, ""},
        {"nats", nats_->url(), ""},
        {"bsc (chain 97)", bsc_->url(), ""},
        {"opbnb (chain 5611)", opbnb_->url(), ""},
        {"content store", content_->url(), ""},
        {"docker engine", docker_->host(), ""},
        {"JobManager", job_manager_.hex(), ""},
        {"NodeReputation", node_reputation_.hex(), ""},
    };
    for (const auto& name : services()) {
        const auto& service = services_.at(name);
        out.push_back(
            {name, name == "api-gateway" ? api_url() : service.metrics_url, service.metrics_url + "/readyz"});
    }
    return out;
}

std::map<std::string, std::string> Network::settings() const {
    std::map<std::string, std::string> out = {
        {"DATABASE_URL", testkit::role_dsn(*postgres_, kDatabase, store::kOperatorRole)},
        {"LAMDA_API_URL", api_url()},
        {"API_PORT", std::to_string(api_port_)},
        {"IPFS_API_URL", content_->url()},
        {"IPFS_GATEWAY_URL", content_->url()},
        {"DOCKER_HOST", docker_->host()},
        {"AGENT_LOCAL_IMAGES", kLocalImage},
        {"OPERATOR_TOKEN", kOperatorToken},
        {"WALLET_PRIVATE_KEY", testkit::dev_key(kRenterKey)},
        {"ADMIN_WALLET_PRIVATE_KEY", testkit::dev_key(kAdminKey)},
    };
    out.merge(shared_settings());
    return out;
}

}  // namespace lamda::localnet
