// SQL of single jobs, nodes and reputations (views api.job, api.receipt, api.node, api.node_key,
// api.reputation). Every function runs inside the caller's transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/ids.hpp"
#include "core/u256.hpp"
#include "services/api-gateway/offer/job_check.hpp"
#include "store/database.hpp"
#include "wire/provider_notice.hpp"

namespace lamda::gateway {

/// Returns the job as a REST object (JSON); nullopt: the job is in no block yet.
std::optional<std::string> find_job(store::Txn& txn, const JobId& id);
/// True if a block of the chain has created the job.
bool is_on_chain(store::Txn& txn, const JobId& id);
/// Returns the document of the job's signed receipt (JSON); nullopt: none is stored.
std::optional<std::string> find_receipt(store::Txn& txn, const JobId& id);
/// Returns the node's public key, 33 bytes; nullopt: no signed heartbeat was received from it.
std::optional<Bytes> find_public_key(store::Txn& txn, const Address& wallet);
/// Returns the registered node as a REST object (JSON) with its last notice; nullopt: not registered.
std::optional<std::string> find_node(store::Txn& txn, const Address& wallet);
/// Returns the provider's last notice; nullopt: none was published.
std::optional<wire::ProviderNotice> find_notice(store::Txn& txn, const Address& wallet);
/// Returns the registered node as it is now; nullopt: not registered.
std::optional<ProviderFacts> find_provider(store::Txn& txn, const Address& wallet);
/// True if a node with this address is registered.
bool is_registered(store::Txn& txn, const Address& wallet);

struct Reputation {
    U256 score;
    U256 completed;            ///< number of jobs that the chain has counted
    std::int64_t pending = 0;  ///< number of jobs whose increment is due or in flight
};
/// Returns the provider's reputation; nullopt: unknown provider.
std::optional<Reputation> find_reputation(store::Txn& txn, const Address& wallet);

}  // namespace lamda::gateway
