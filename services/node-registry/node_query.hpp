// nodes.query: the list of GET /api/nodes for those inside.
#pragma once

#include "store/database.hpp"
#include "telemetry/log.hpp"

namespace lamda::registry {

/// Thread-safe.
class NodeQuery {
  public:
    NodeQuery(store::Database& database, telemetry::Log log);
    /// In: `{"wallet_address","gpu_model","is_online","min_vram","min_reputation_score","limit"}`, all
    /// optional. Out: `{"nodes":[…],"count":n}`, in the order of registration, or a problem document. Never
    /// throws.
    std::string answer(const std::string& body);

  private:
    store::Database& database_;
    telemetry::Log log_;
};

}  // namespace lamda::registry
