// Writing dag-pb nodes that hold UnixFS. Internal to ipfs. https://ipld.io/specs/codecs/dag-pb/spec/
#pragma once

#include "ipfs/unixfs.hpp"

namespace lamda::ipfs::detail {

/// Sizes of the parts that the links name, in their order; the node's own data stays empty.
Bytes encode_file(const std::vector<Link>& links, const std::vector<std::uint64_t>& block_sizes);
/// The links must be sorted by name already.
Bytes encode_directory(const std::vector<Link>& links);

/// Names the bytes and hands them to the sink, when there is one.
Cid emit(CidCodec codec, Bytes bytes, const BlockSink& sink);

}  // namespace lamda::ipfs::detail
