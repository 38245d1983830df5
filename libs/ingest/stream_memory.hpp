// StreamMemory: storage for endpoint statistics of a stream. Best effort: a loss costs only time.
#pragma once

#include <vector>

#include "rpcpool/endpoint_note.hpp"

namespace lamda::ingest {

/// @throws errors of the storage; the stream continues without the statistics.
class StreamMemory {
  public:
    virtual ~StreamMemory() = default;
    virtual std::vector<rpcpool::EndpointNote> endpoints() = 0;
    /// Replaces the statistics of these endpoints, and the chain's head.
    virtual void remember(const std::vector<rpcpool::EndpointNote>& endpoints, BlockNum head,
                          Timestamp head_time) = 0;
};

}  // namespace lamda::ingest
