// Uploads: files that clients send, stored in the content store while they arrive.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "http/body_stream.hpp"
#include "ipfs/file_upload.hpp"

namespace lamda::gateway {

/// Thread-safe.
class Uploads {
  public:
    /// @param store with an API; absent: none is configured
    explicit Uploads(ipfs::ContentStore* store) : store_(store) {}

    struct Stored {
        Cid cid;
        std::uint64_t bytes = 0;
    };
    /// Stores the body, in constant memory. @param reserve is called before more bytes are read, with their
    /// number; may throw. The whole body was reserved at the end, and at most 1 MiB more
    /// @throws problem::Problem 503 `no_content_store`, `content_store_unavailable`; 502 `store_mismatch` if
    /// the store computes another CID; and those of BodyStream::read()
    Stored store(http::BodyStream& body, const std::function<void(std::uint64_t bytes)>& reserve);
    /// Ends the uploads in progress within about a second.
    void stop() { stopping_.request_stop(); }

  private:
    ipfs::ContentStore* const store_;
    std::stop_source stopping_;
};

}  // namespace lamda::gateway
