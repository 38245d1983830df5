// Recursive length prefix encoding (Yellow Paper, appendix B).
#pragma once

#include <variant>
#include <vector>

#include "core/u256.hpp"

namespace lamda::eth::rlp {

/// A byte string, or a list of items.
struct Item {
    std::variant<Bytes, std::vector<Item>> content;
    bool is_list() const { return content.index() == 1; }
    const Bytes& bytes() const { return std::get<0>(content); }
    const std::vector<Item>& list() const { return std::get<1>(content); }
    bool operator==(const Item&) const = default;
};

Item string(BytesView bytes);
/// Big-endian, without leading zeros.
Item integer(const U256& value);
Item list(std::vector<Item> items);

Bytes encode(const Item& item);
/// Decodes exactly one item: canonical form only, depth at most 16. Errors: `invalid_rlp`, with the offset.
Result<Item> decode(BytesView bytes);

}  // namespace lamda::eth::rlp
