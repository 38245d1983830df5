// The root of a Merkle-Patricia trie (Yellow Paper, appendix D): 32 bytes that no other set of entries has.
#pragma once

#include <map>

#include "core/ids.hpp"

namespace lamda::eth {

/// Keys as they are: what a "secure" trie would hash first is the caller's to hash. No value may be empty (a
/// trie holds none): std::invalid_argument.
Bytes32 trie_root(const std::map<Bytes, Bytes>& entries);
/// Of a list: the keys are rlp(0), rlp(1), … (transactions, receipts, withdrawals of a block).
Bytes32 ordered_trie_root(const std::vector<Bytes>& values);

}  // namespace lamda::eth
