// Uploader: sends blocks to the HTTP interface of an IPFS node. Internal to ipfs.
#pragma once

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipfs/content_store.hpp"
#include "ipfs/unixfs.hpp"

namespace lamda::ipfs::detail {

/// POSTs and returns the body. @throws Unavailable
std::string post(net::Transport& http, net::HttpRequest request, const std::string& what);

/// Uploads blocks, children before parents, in batches, and compares each CID that the store computes with
/// ours. Holds one batch twice.
class Uploader {
  public:
    /// One request for each small file would be slow.
    static constexpr std::size_t kBatchBytes = 4U << 20;

    /// @throws Unavailable without an API in the configuration
    Uploader(const ContentConfig& config, net::Transport& http, const std::stop_token& stop,
             std::size_t batch_bytes = kBatchBytes);
    /// The last block is the root: it is held back, and uploaded and pinned after all others.
    void add(const Block& block);
    /// Sends what is left, and returns the root. At least one block was added. @throws Unavailable; Mismatch
    Cid finish();

  private:
    void queue(Block block);
    void send(bool pin);

    const ContentConfig& config_;
    net::Transport& http_;
    const std::stop_token stop_;
    const std::size_t batch_bytes_;
    std::optional<Block> held_;
    std::vector<Block> batch_;
    std::size_t bytes_ = 0;
};

}  // namespace lamda::ipfs::detail
