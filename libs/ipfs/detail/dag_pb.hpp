// Writes dag-pb nodes that hold UnixFS. Internal to ipfs. https://ipld.io/specs/codecs/dag-pb/spec/
#pragma once

#include "ipfs/unixfs.hpp"

namespace lamda::ipfs::detail {

/// @param block_sizes sizes of the linked parts, in order; the node has no data of its own
Bytes encode_file(const std::vector<Link>& links, const std::vector<std::uint64_t>& block_sizes);
/// The links must be sorted by name.
Bytes encode_directory(const std::vector<Link>& links);

/// Computes the CID of the bytes and passes both to the sink, if any.
Cid emit(CidCodec codec, Bytes bytes, const BlockSink& sink);

}  // namespace lamda::ipfs::detail
