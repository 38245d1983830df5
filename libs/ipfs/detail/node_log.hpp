// Inner nodes of a tree that is being fetched, in a file: a later fetch of the same tree does not request
// them again. Internal to ipfs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/cid.hpp"

namespace lamda::ipfs::detail {

/// Records of digest (32 bytes), length (4 bytes, little-endian) and dag-pb block, one after the other. A
/// torn record at the end, as a killed process leaves it, is overwritten.
class NodeLog {
  public:
    /// Inner nodes of about 80 GiB of files with 256 KiB chunks. What is beyond is not kept.
    static constexpr std::uint64_t kMostBytes = 16ULL << 20;

    /// Opens or creates the file; does not follow a link. @throws std::system_error
    explicit NodeLog(const std::string& path, std::uint64_t most_bytes = kMostBytes);
    ~NodeLog();
    NodeLog(const NodeLog&) = delete;
    NodeLog& operator=(const NodeLog&) = delete;

    /// The block, verified again. @throws std::system_error
    std::optional<Bytes> find(const Cid& cid) const;
    /// Keeps a verified block; returns false if the file is full. @throws std::system_error
    bool add(const Cid& cid, BytesView block);

  private:
    struct Place {
        std::uint64_t offset = 0;
        std::uint32_t length = 0;
    };
    void read_index();

    std::string path_;
    std::uint64_t most_bytes_;
    int fd_;
    std::uint64_t end_ = 0;
    std::map<Bytes32, Place> index_;
};

}  // namespace lamda::ipfs::detail
