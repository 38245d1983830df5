// Sharded directories: a hash array mapped trie of fanout 256 over the names. Internal to ipfs.
// https://specs.ipfs.tech/unixfs/#dag-pb-hamtdirectory
#pragma once

#include <vector>

#include "ipfs/unixfs.hpp"

namespace lamda::ipfs::detail {

/// The root of the shards, which are passed to the sink, children first. Names are unique and valid. Errors:
/// `invalid_directory` if two names have the same 64-bit hash.
Result<Link> make_shards(const std::vector<Link>& entries, const BlockSink& sink);

}  // namespace lamda::ipfs::detail
