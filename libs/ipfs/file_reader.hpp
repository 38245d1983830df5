// FileReader: the content of one file, block by block in order, from any offset. Nothing is written to disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

#include "core/cid.hpp"
#include "ipfs/content_store.hpp"

namespace lamda::ipfs {

/// Verified blocks are a directory, not a file.
class IsDirectory : public Mismatch {
  public:
    using Mismatch::Mismatch;
};

/// Each block is hashed before it is read, and has the size that its parent states. Holds one block and the
/// nodes above it: at most 3 MiB. Not thread-safe.
class FileReader {
  public:
    /// Reads the root. @param longest of this one block (ContentStore::block)
    /// @throws Unavailable; IsDirectory; Mismatch if the content is no file; TooLarge
    FileReader(ContentStore& store, const Cid& cid, const std::stop_token& stop = {},
               std::optional<Millis> longest = {});

    /// Bytes of the whole file, as the root states them.
    std::uint64_t size() const { return size_; }
    /// Limits next() to these bytes of the file; blocks outside are not requested. Before next() only.
    /// @param first, count within size()
    void select(std::uint64_t first, std::uint64_t count);
    /// The next bytes, at most 2 MiB; none at the end. @throws as the constructor; TooLarge if the file has
    /// more or larger nodes than its size needs
    Bytes next(const std::stop_token& stop = {});

  private:
    /// A node whose parts are being read.
    struct Level {
        Bytes data;  ///< content of the node itself, before that of its parts
        std::vector<Cid> parts;
        std::vector<std::uint64_t> sizes;
        std::size_t next = 0;  ///< index in `parts`
        std::uint64_t at = 0;  ///< offset in the file of what is next
    };

    Bytes block(const Cid& cid, const std::stop_token& stop, std::optional<Millis> longest);
    /// Adds the level of a part. @return its size
    std::uint64_t enter(const Cid& cid, std::uint64_t at, const std::stop_token& stop,
                        std::optional<Millis> longest = {});
    void leave();
    /// The selected part of bytes that begin at this offset of the file.
    Bytes selected(Bytes bytes, std::uint64_t at);

    ContentStore& store_;
    std::vector<Level> levels_;
    std::uint64_t size_ = 0;
    std::uint64_t position_ = 0;  ///< offset in the file of the next byte to return
    std::uint64_t left_ = 0;      ///< bytes to return
    std::uint64_t blocks_ = 0;
    std::uint64_t most_blocks_ = 1;
    std::size_t links_ = 0;  ///< of all levels
};

}  // namespace lamda::ipfs
