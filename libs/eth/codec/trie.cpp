#include "eth/codec/trie.hpp"

#include <stdexcept>

#include "crypto/digest.hpp"
#include "eth/codec/rlp.hpp"

namespace lamda::eth {
namespace {

struct Entry {
    Bytes path;  ///< the key, one nibble per byte
    const Bytes* value;
};
using Entries = std::span<const Entry>;

Bytes nibbles_of(const Bytes& key) {
    Bytes out;
    out.reserve(2 * key.size());
    for (const std::uint8_t byte : key) {
        out.push_back(byte >> 4);
        out.push_back(byte & 0xf);
    }
    return out;
}

/// Hex-prefix encoding (appendix C): nibbles packed into bytes; the first nibble flags an odd count and a
/// leaf.
Bytes hex_prefix(BytesView nibbles, bool leaf) {
    const bool odd = nibbles.size() % 2 != 0;
    Bytes out{static_cast<std::uint8_t>((leaf ? 0x20 : 0) | (odd ? 0x10 | nibbles[0] : 0))};
    for (std::size_t i = odd ? 1 : 0; i < nibbles.size(); i += 2) {
        out.push_back(static_cast<std::uint8_t>(nibbles[i] << 4 | nibbles[i + 1]));
    }
    return out;
}

/// A parent's reference to a node: the node itself if shorter than a hash, else its hash.
rlp::Item reference(rlp::Item node) {
    const Bytes encoded = rlp::encode(node);
    return encoded.size() < Bytes32::kSize ? std::move(node) : rlp::string(crypto::keccak256(encoded).view());
}

std::size_t common_end(Entries entries, std::size_t depth) {
    // The entries are sorted: a prefix shared by the first and the last is shared by all.
    const Bytes& first = entries.front().path;
    const Bytes& last = entries.back().path;
    while (depth < first.size() && depth < last.size() && first[depth] == last[depth]) {
        ++depth;
    }
    return depth;
}

rlp::Item node(Entries entries, std::size_t depth);

rlp::Item branch(Entries entries, std::size_t depth) {
    std::vector<rlp::Item> slots(17, rlp::string({}));
    if (entries.front().path.size() == depth) {  // the shortest key is the first
        slots[16] = rlp::string(*entries.front().value);
        entries = entries.subspan(1);
    }
    while (!entries.empty()) {
        const std::uint8_t nibble = entries.front().path[depth];
        std::size_t count = 1;
        while (count < entries.size() && entries[count].path[depth] == nibble) {
            ++count;
        }
        slots[nibble] = reference(node(entries.first(count), depth + 1));
        entries = entries.subspan(count);
    }
    return rlp::list(std::move(slots));
}

/// Requires at least one entry; all share the path up to `depth`.
rlp::Item node(Entries entries, std::size_t depth) {
    const BytesView path = entries.front().path;
    if (entries.size() == 1) {
        return rlp::list(
            {rlp::string(hex_prefix(path.subspan(depth), true)), rlp::string(*entries.front().value)});
    }
    const std::size_t end = common_end(entries, depth);
    if (end == depth) {
        return branch(entries, depth);
    }
    return rlp::list(
        {rlp::string(hex_prefix(path.subspan(depth, end - depth), false)), reference(branch(entries, end))});
}

}  // namespace

Bytes32 trie_root(const std::map<Bytes, Bytes>& entries) {
    std::vector<Entry> sorted;
    sorted.reserve(entries.size());
    for (const auto& [key, value] : entries) {
        if (value.empty()) {
            throw std::invalid_argument("a trie holds no empty value");
        }
        sorted.push_back({nibbles_of(key), &value});
    }
    return crypto::keccak256(rlp::encode(sorted.empty() ? rlp::string({}) : node(sorted, 0)));
}

Bytes32 ordered_trie_root(const std::vector<Bytes>& values) {
    std::map<Bytes, Bytes> entries;
    for (std::size_t i = 0; i < values.size(); ++i) {
        entries.emplace(rlp::encode(rlp::integer(i)), values[i]);
    }
    return trie_root(entries);
}

}  // namespace lamda::eth
