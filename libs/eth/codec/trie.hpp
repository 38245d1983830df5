// Root of a Merkle-Patricia trie (Yellow Paper, appendix D): a 32-byte commitment to a set of entries.
#pragma once

#include <map>

#include "core/ids.hpp"

namespace lamda::eth {

/// Keys are used unhashed; for a "secure" trie the caller hashes them. @throws std::invalid_argument for an
/// empty value
Bytes32 trie_root(const std::map<Bytes, Bytes>& entries);
/// Root of a list: the keys are rlp(0), rlp(1), … (transactions, receipts, withdrawals of a block).
Bytes32 ordered_trie_root(const std::vector<Bytes>& values);

}  // namespace lamda::eth
