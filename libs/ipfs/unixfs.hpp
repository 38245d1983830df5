// UnixFS files and flat directories: CIDs computed as `ipfs add --cid-version=1` does (raw leaves, 256 KiB
// chunks, balanced DAG of 174 links), and blocks checked against their CIDs. https://specs.ipfs.tech/unixfs/
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

/// A link as a directory holds it.
struct Link {
    std::string name;
    Cid cid;
    std::uint64_t total_size = 0;  ///< of all blocks below (dag-pb Tsize)
};

/// Builds one file from a stream; constant memory per level.
class FileBuilder {
  public:
    explicit FileBuilder(BlockSink sink = {});
    ~FileBuilder();
    void write(BytesView part);
    /// The file's root; name is empty.
    Link finish();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// A flat directory (not sharded: ≤ 256 KiB of links). Names: no '/', not empty, unique. Errors:
/// `invalid_directory`.
Result<Link> make_directory(std::vector<Link> entries, const BlockSink& sink = {});

/// A folder on disk with its subfolders. Symbolic links and special files are refused. Errors:
/// `invalid_directory`.
/// @throws std::system_error when something there cannot be read
Result<Link> add_path(const std::string& path, const BlockSink& sink = {});

/// Whether sha256 of the bytes is the CID's digest.
bool verifies(const Cid& cid, BytesView bytes);

/// A dag-pb node that holds UnixFS.
struct Node {
    enum class Type { kRaw, kDirectory, kFile, kSymlink, kHamtShard, kMetadata } type = Type::kFile;
    Bytes data;
    std::uint64_t file_size = 0;
    std::vector<Link> links;
    std::vector<std::uint64_t> block_sizes;  ///< of a file: one for each link
    std::uint64_t fanout = 0;                ///< of a HAMT shard
};
/// Strict: lengths, wire types, order of sizes. Errors: `invalid_unixfs`.
Result<Node> parse_node(BytesView bytes);

}  // namespace lamda::ipfs
