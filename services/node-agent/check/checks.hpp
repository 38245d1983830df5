// Checks of what the agent needs: bus, chains, content stores, disk, clock, GPUs. Each returns findings, or
// throws if its peer does not answer. The Docker engine's is in executor/docker/docker_check.hpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bus/bus.hpp"
#include "eth/rpc.hpp"
#include "net/transport.hpp"
#include "services/node-agent/check/finding.hpp"
#include "services/node-agent/config.hpp"
#include "services/node-agent/machine/gpus.hpp"

namespace lamda::agent {

/// Connection and login, then the provider's durables in JOBS and RETRACT. Takes no message.
std::vector<Finding> check_bus(bus::Bus& bus, const Address& provider, Millis timeout);
/// Requests credentials of the bus for a new NKey, which is not stored, so that a running agent keeps its
/// own; then as check_bus() with them.
std::vector<Finding> check_gateway_login(net::Transport& http, const Config& config, Millis timeout);
/// The answer to a request for a durable's state: absent durables are a warning, as the dispatcher creates
/// them after the first heartbeat. Pure.
Finding judge_durable(const std::string& stream, const std::string& answer);

/// Requirements of an endpoint.
struct ChainNeeds {
    std::string name;              ///< BSC | opBNB
    std::string setting;           ///< such as BSC_RPC_URL
    std::optional<ChainId> chain;  ///< absent: any
    std::string contract_name;
    Address contract;
};
/// Chain id, contract code and age of the newest block. @param now the machine's time
std::vector<Finding> check_endpoint(eth::Rpc& rpc, const ChainNeeds& needs, Timestamp now);
/// The provider's balance: enough for ten transactions, if the agent sends any on this chain.
std::vector<Finding> check_balance(eth::Rpc& rpc, const std::string& chain, const Address& provider,
                                   bool sends);
/// The provider's registration in NodeReputation. @param registers the agent registers by itself
std::vector<Finding> check_registration(eth::Rpc& rpc, const Address& node_reputation,
                                        const Address& provider, bool registers);
/// Judges the result of getProviderInfo. Pure.
Finding judge_registration(const Bytes& result, bool registers);

/// Writes a small block to the store and reads it back, then asks each gateway for it. A gateway that answers
/// without the block is a warning. @param file an existing small file with new content
std::vector<Finding> check_stores(net::Transport& http, const std::string& api_url,
                                  const std::vector<std::string>& gateways, const std::string& file);

/// Free space of the folder's file system, and a file that is written with fsync.
std::vector<Finding> check_disk(const std::string& state_dir);

/// Difference to the times that servers report in the header Date. Servers that report none are left out.
std::vector<Finding> check_clock(net::Transport& http, const std::vector<std::string>& urls,
                                 const Clock& clock);
/// @param server_ahead differences to servers, at least one. Pure.
Finding judge_clock(std::vector<Millis> server_ahead);

/// Pure. @param limit AGENT_MAX_GPUS
std::vector<Finding> judge_gpus(const Gpus& gpus, std::optional<std::uint64_t> limit);

}  // namespace lamda::agent
