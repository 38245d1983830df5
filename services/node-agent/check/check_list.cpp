#include "services/node-agent/check/check_list.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "crypto/digest.hpp"
#include "eth/rpc_client.hpp"
#include "services/node-agent/check/checks.hpp"

namespace lamda::agent {

namespace {

constexpr Millis kBusTimeout{8'000};

/// A small file whose content no store has yet, removed at the end of a scope.
class NewFile {
  public:
    NewFile() : path_(std::filesystem::temp_directory_path() / "lamda-check-XXXXXX") {
        const int fd = mkstemp(path_.data());
        const auto text = "lamda-node-agent --check " + to_rfc3339(SystemClock().now()) + path_;
        if (fd < 0 || write(fd, text.data(), text.size()) < 0) {
            throw DiskError("cannot write a file in " + std::filesystem::temp_directory_path().string());
        }
        close(fd);
    }
    ~NewFile() { unlink(path_.c_str()); }
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

/// Findings by the first endpoint that answers. @throws as the last endpoint does
std::vector<Finding> by_any_endpoint(const std::vector<std::string>& urls, Millis timeout,
                                     net::Transport& http,
                                     const std::function<std::vector<Finding>(eth::Rpc&)>& check) {
    for (std::size_t i = 0;; ++i) {
        try {
            eth::HttpRpc rpc(urls.at(i), timeout, http);
            return check(rpc);
        } catch (const std::exception&) {
            if (i + 1 == urls.size()) {
                throw;
            }
        }
    }
}

void add_endpoints(const std::vector<std::string>& urls, const ChainNeeds& needs, Millis timeout,
                   net::Transport& http, std::vector<Check>& checks) {
    for (const auto& url : urls) {
        checks.push_back({needs.name + " " + net::redact_url(url),
                          "check that the endpoint is reachable, or remove it from " + needs.setting,
                          [=, &http] {
                              eth::HttpRpc rpc(url, timeout, http);
                              return check_endpoint(rpc, needs, SystemClock().now());
                          }});
    }
}

}  // namespace

std::vector<Check> agent_checks(const Config& config, net::Transport& http) {
    const auto& provider = config.signer->address();
    const auto& registration = config.registration;
    const auto timeout = config.rpc_timeout;
    const bool bsc_sends = config.settlement.confirm || config.settlement.claim;
    const bool opbnb_sends = registration.register_node || registration.heartbeat_interval.count() > 0;
    constexpr auto kEndpoints = "repair the endpoints first";
    std::vector<Check> checks{{"GPU", "", [&] { return judge_gpus(detect_gpus(), config.limits.gpus); }},
                              {"NATS", "check NATS_URL, or GATEWAY_URL", [&] {
                                   if (!config.gateway_url.empty()) {
                                       return check_gateway_login(http, config, kBusTimeout);
                                   }
                                   bus::Bus bus(config.nats_url.reveal(), "lamda-node-agent-check",
                                                telemetry::Log::none(), config.nats_login);
                                   return check_bus(bus, provider, kBusTimeout);
                               }}};
    add_endpoints(config.bsc_rpc_urls,
                  {"BSC", "BSC_RPC_URL", config.bsc_chain_id, "JobManager", config.job_manager}, timeout,
                  http, checks);
    add_endpoints(
        config.opbnb_rpc_urls,
        {"opBNB", "OPBNB_RPC_URL", registration.chain_id, "NodeReputation", registration.node_reputation},
        timeout, http, checks);
    const auto on_chain = [&, timeout](const std::string& name, const std::vector<std::string>& urls,
                                       std::function<std::vector<Finding>(eth::Rpc&)> check) {
        checks.push_back({name, kEndpoints, [&urls, timeout, &http, check = std::move(check)] {
                              return by_any_endpoint(urls, timeout, http, check);
                          }});
    };
    on_chain("BSC balance", config.bsc_rpc_urls,
             [=](eth::Rpc& rpc) { return check_balance(rpc, "BSC", provider, bsc_sends); });
    on_chain("opBNB balance", config.opbnb_rpc_urls,
             [=](eth::Rpc& rpc) { return check_balance(rpc, "opBNB", provider, opbnb_sends); });
    on_chain("registration", config.opbnb_rpc_urls, [&registration, provider](eth::Rpc& rpc) {
        return check_registration(rpc, registration.node_reputation, provider, registration.register_node);
    });
    checks.push_back({"IPFS store", "check IPFS_API_URL", [&] {
                          const NewFile file;
                          return check_stores(http, config.content.api_url, config.content.gateways,
                                              file.path());
                      }});
    checks.push_back({"disk", "the user of the agent must be able to write AGENT_STATE_DIR",
                      [&] { return check_disk(config.state_dir); }});
    checks.push_back({"clock", "", [&] {
                          auto urls = config.bsc_rpc_urls;
                          urls.insert(urls.end(), config.opbnb_rpc_urls.begin(), config.opbnb_rpc_urls.end());
                          urls.push_back(config.content.api_url);
                          return check_clock(http, urls, SystemClock());
                      }});
    return checks;
}

}  // namespace lamda::agent
