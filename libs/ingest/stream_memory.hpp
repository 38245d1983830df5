// What a stream remembers beside its checkpoint. All of it is advice: losing it costs time, and nothing else.
#pragma once

#include <vector>

#include "rpcpool/endpoint_note.hpp"

namespace lamda::ingest {

/// @throws what storage throws; the stream goes on without.
class StreamMemory {
  public:
    virtual ~StreamMemory() = default;
    virtual std::vector<rpcpool::EndpointNote> endpoints() = 0;
    /// Replaces what was known of these endpoints, and of the chain's head.
    virtual void remember(const std::vector<rpcpool::EndpointNote>& endpoints, BlockNum head,
                          Timestamp head_time) = 0;
};

}  // namespace lamda::ingest
