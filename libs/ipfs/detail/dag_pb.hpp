// Writes dag-pb nodes that hold UnixFS. Internal to ipfs. https://ipld.io/specs/codecs/dag-pb/spec/
#pragma once

#include "ipfs/unixfs.hpp"

namespace lamda::ipfs::detail {

/// Limit of other IPFS nodes.
inline constexpr std::size_t kMostBlockBytes = 2U << 20;

/// @param block_sizes sizes of the linked parts, in order; the node has no data of its own
Bytes encode_file(const std::vector<Link>& links, const std::vector<std::uint64_t>& block_sizes);
/// A node of a file without links, with its content: a leaf as `ipfs add` writes it without raw leaves.
Bytes encode_leaf(Node::Type type, BytesView content);
/// The links must be sorted by name.
Bytes encode_directory(const std::vector<Link>& links);
/// A node of a sharded directory. The links must be sorted by name. @param bitfield used slots, big-endian
Bytes encode_shard(const std::vector<Link>& links, BytesView bitfield);

/// Computes the CID of the bytes and passes both to the sink, if any.
Cid emit(CidCodec codec, Bytes bytes, const BlockSink& sink);

}  // namespace lamda::ipfs::detail
