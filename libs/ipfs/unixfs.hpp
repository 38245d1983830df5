// UnixFS files and directories, with CIDs as `ipfs add --cid-version=1` computes them (raw leaves, 256
// KiB chunks, balanced DAG of 174 links), and verification of blocks. https://specs.ipfs.tech/unixfs/
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/cid.hpp"

namespace lamda::ipfs {

struct Block {
    Cid cid;
    Bytes bytes;
};
using BlockSink = std::function<void(const Block&)>;

/// A link of a directory.
struct Link {
    std::string name;
    Cid cid;
    std::uint64_t total_size = 0;  ///< of all blocks below (dag-pb Tsize)
};

/// Builds one file from a stream, in constant memory per level.
class FileBuilder {
  public:
    explicit FileBuilder(BlockSink sink = {});
    ~FileBuilder();
    void write(BytesView part);
    /// The link to the file's root, with an empty name.
    Link finish();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// A directory: flat up to 256 KiB of names and CIDs, sharded (HAMT, fanout 256) above. Names are unique,
/// UTF-8, not empty, and have no '/'. Errors: `invalid_directory`.
Result<Link> make_directory(std::vector<Link> entries, const BlockSink& sink = {});

/// A folder on disk with its subfolders. Refuses symbolic links and special files. Errors:
/// `invalid_directory`. @throws std::system_error on a read error
Result<Link> add_path(const std::string& path, const BlockSink& sink = {});

/// True if sha256 of the bytes is the CID's digest.
bool verifies(const Cid& cid, BytesView bytes);

/// A dag-pb node that holds UnixFS.
struct Node {
    enum class Type { kRaw, kDirectory, kFile, kSymlink, kHamtShard, kMetadata } type = Type::kFile;
    Bytes data;
    std::uint64_t file_size = 0;
    std::vector<Link> links;
    std::vector<std::uint64_t> block_sizes;  ///< of a file: one size per link
    std::uint64_t fanout = 0;                ///< of a HAMT shard
};
/// Strict parser: lengths, wire types, order, sums of sizes. Errors: `invalid_unixfs`.
Result<Node> parse_node(BytesView bytes);

}  // namespace lamda::ipfs
