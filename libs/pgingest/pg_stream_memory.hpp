// PgStreamMemory: stores what a stream knows apart from its checkpoint, in chain.endpoint and chain.head.
#pragma once

#include <string>

#include "ingest/stream_memory.hpp"
#include "store/database.hpp"

namespace lamda::pgingest {

/// Keeps the notes of endpoints that are no longer configured for 30 days, in case they return.
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
