// A file of a fetched tree, written from its start. Internal to ipfs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/cid.hpp"

namespace lamda::ipfs::detail {

class TargetFile {
  public:
    enum class Open {
        kNew,    ///< fails if the path exists, also as a link
        kResume  ///< may exist, and then may hold the start of the same file
    };
    /// Mode 0644. @throws std::system_error; so do all functions
    TargetFile(const std::string& path, Open how);
    ~TargetFile();
    TargetFile(const TargetFile&) = delete;
    TargetFile& operator=(const TargetFile&) = delete;

    /// Size of the file as it was opened.
    std::uint64_t old_size() const { return old_size_; }
    /// The block with this CID whose content, of `size` bytes, an earlier fetch has written at this position;
    /// absent if the file holds other bytes. Finds raw blocks, and dag-pb leaves in the forms of `ipfs add`.
    std::optional<Bytes> present_block(const Cid& cid, std::uint64_t size);
    /// Appends content; the content of the last present_block() is in place already. Returns true if
    /// the file is longer now than when it was opened: content that is written again is no progress.
    bool write(BytesView content);
    /// Removes what follows the written content.
    void close();

  private:
    std::string path_;
    int fd_;
    std::uint64_t old_size_ = 0;
    std::uint64_t at_ = 0;       ///< end of the written content
    std::uint64_t present_ = 0;  ///< verified bytes that follow
};

}  // namespace lamda::ipfs::detail
