// Trie roots: equal to those of the Yellow Paper's definition, implemented literally (appendix D, slow).
//
// Input: entries, each the key's length, the key, the value's length, the value.
#include "crypto/digest.hpp"
#include "eth/codec/rlp.hpp"
#include "eth/codec/trie.hpp"
#include "require.hpp"

using namespace lamda;
using eth::rlp::Item;

namespace {

using Pair = std::pair<std::string, Bytes>;  ///< the key in hex digits; the value

Bytes hex_prefix(const std::string& digits, bool leaf) {
    const bool odd = digits.size() % 2 != 0;
    const std::string flag = leaf ? (odd ? "3" : "20") : (odd ? "1" : "00");
    return from_hex(flag + digits).value();
}

Item structure(const std::vector<Pair>& all, std::size_t i);

/// The function n(J, i) of the definition.
Item composed(const std::vector<Pair>& all, std::size_t i) {
    if (all.empty()) {
        return eth::rlp::string({});
    }
    const Item inner = structure(all, i);
    const Bytes encoded = eth::rlp::encode(inner);
    return encoded.size() < 32 ? inner : eth::rlp::string(crypto::keccak256(encoded).view());
}

/// The function c(J, i) of the definition.
Item structure(const std::vector<Pair>& all, std::size_t i) {
    if (all.size() == 1) {
        return eth::rlp::list(
            {eth::rlp::string(hex_prefix(all[0].first.substr(i), true)), eth::rlp::string(all[0].second)});
    }
    std::size_t j = all[0].first.size();
    for (const auto& [key, value] : all) {
        std::size_t same = 0;
        while (same < j && same < key.size() && key[same] == all[0].first[same]) {
            ++same;
        }
        j = same;
    }
    if (j > i) {
        return eth::rlp::list(
            {eth::rlp::string(hex_prefix(all[0].first.substr(i, j - i), false)), composed(all, j)});
    }
    std::vector<Item> slots;
    for (const char digit : std::string_view("0123456789abcdef")) {
        std::vector<Pair> below;
        for (const auto& one : all) {
            if (one.first.size() > i && one.first[i] == digit) {
                below.push_back(one);
            }
        }
        slots.push_back(composed(below, i + 1));
    }
    Bytes own;
    for (const auto& [key, value] : all) {
        if (key.size() == i) {
            own = value;
        }
    }
    slots.push_back(eth::rlp::string(own));
    return eth::rlp::list(std::move(slots));
}

std::map<Bytes, Bytes> entries_of(BytesView rest) {
    std::map<Bytes, Bytes> out;
    const auto take = [&] {
        const std::size_t size = rest.empty() ? 0 : rest[0];
        rest = rest.subspan(rest.empty() ? 0 : 1);
        const auto taken = rest.first(std::min(size, rest.size()));
        rest = rest.subspan(taken.size());
        return Bytes(taken.begin(), taken.end());
    };
    while (!rest.empty() && out.size() < 200) {
        Bytes key = take();
        Bytes value = take();
        if (!value.empty()) {
            out.insert_or_assign(std::move(key), std::move(value));
        }
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto entries = entries_of(BytesView(data, size));
    std::vector<Pair> pairs;
    std::vector<Bytes> values;
    for (const auto& [key, value] : entries) {
        pairs.emplace_back(to_hex_bare(key), value);
        values.push_back(value);
    }
    const Item root = pairs.empty() ? eth::rlp::string({}) : structure(pairs, 0);
    fuzz::require(eth::trie_root(entries) == crypto::keccak256(eth::rlp::encode(root)),
                  "the root equals the definition's");
    pairs.clear();
    for (std::size_t i = 0; i < values.size(); ++i) {
        pairs.emplace_back(to_hex_bare(eth::rlp::encode(eth::rlp::integer(i))), values[i]);
    }
    if (!pairs.empty()) {
        fuzz::require(
            eth::ordered_trie_root(values) == crypto::keccak256(eth::rlp::encode(structure(pairs, 0))),
            "a list's root equals the definition's");
    }
    return 0;
}
