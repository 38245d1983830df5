// What a stream remembers beside its checkpoint, in chain.endpoint and chain.head.
#pragma once

#include <string>

#include "ingest/stream_memory.hpp"
#include "store/database.hpp"

namespace lamda::pgingest {

/// Endpoints that are not named any more are kept for 30 days: what was learned of them holds if they return.
class PgStreamMemory final : public ingest::StreamMemory {
  public:
    PgStreamMemory(store::Database& database, std::string stream);
    std::vector<rpcpool::EndpointNote> endpoints() override;
    void remember(const std::vector<rpcpool::EndpointNote>& endpoints, BlockNum head,
                  Timestamp head_time) override;

  private:
    store::Database& database_;
    std::string stream_;
};

}  // namespace lamda::pgingest
