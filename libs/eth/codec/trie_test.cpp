// Vectors: github.com/ethereum/tests, TrieTests/trieanyorder.json.
#include "eth/codec/trie.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "crypto/digest.hpp"
#include "eth/codec/rlp.hpp"

using namespace lamda;
using namespace lamda::eth;

namespace {

Bytes bytes(std::string_view text) {
    if (text.starts_with("0x")) {
        return from_hex(text).value();
    }
    const BytesView view = as_bytes(text);
    return {view.begin(), view.end()};
}

std::string root_of(const std::vector<std::pair<std::string, std::string>>& entries) {
    std::map<Bytes, Bytes> out;
    for (const auto& [key, value] : entries) {
        out.emplace(bytes(key), bytes(value));
    }
    return trie_root(out).hex();
}

}  // namespace

TEST_CASE("Trie: the published roots") {
    CHECK(root_of({}) == "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
    CHECK(root_of({{"A", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}) ==
          "0xd23786fb4a010da3ce639d66d5e904a11dbc02746d1ce25029e53290cabf28ab");
    CHECK(root_of({{"doe", "reindeer"}, {"dog", "puppy"}, {"dogglesworth", "cat"}}) ==
          "0x8aad789dff2f538bca5d8ea56e8abe10f4c7ba3a5dea95fea4cd6e7c3a1168d3");
    CHECK(root_of({{"do", "verb"}, {"horse", "stallion"}, {"doge", "coin"}, {"dog", "puppy"}}) ==
          "0x5991bb8c6514148a29db676a14ac506cd2cd5775ace63c30a4fe457715e9ac84");
    CHECK(root_of({{"foo", "bar"}, {"food", "bass"}}) ==
          "0x17beaa1648bafa633cda809c90c04af50fc8aed3cb40d16efbddee6fdf63c4c3");
    CHECK(root_of({{"be", "e"}, {"dog", "puppy"}, {"bed", "d"}}) ==
          "0x3f67c7a47520f79faa29255d2d3c084a7a6df0453116ed7232ff10277a8be68b");
    CHECK(root_of({{"test", "test"}, {"te", "testy"}}) ==
          "0x8452568af70d8d140f58d941338542f645fcca50094b20f3c3d8c3df49337928");
    CHECK(root_of({{"0x0045", "0x0123456789"}, {"0x4500", "0x9876543210"}}) ==
          "0x285505fcabe84badc8aa310e2aae17eddc7d120aabec8a476902c8184b3a3503");
}

TEST_CASE("Trie: a list is keyed by the RLP of its indices, which has two bytes from 128 on") {
    for (const std::size_t count : {0U, 1U, 2U, 17U, 127U, 128U, 129U, 256U, 257U}) {
        std::vector<Bytes> values;
        std::map<Bytes, Bytes> entries;
        for (std::size_t i = 0; i < count; ++i) {
            values.push_back(bytes("value " + std::to_string(i)));
            Bytes key;
            if (i == 0) {
                key = {0x80};
            } else if (i < 128) {
                key = {static_cast<std::uint8_t>(i)};
            } else if (i < 256) {
                key = {0x81, static_cast<std::uint8_t>(i)};
            } else {
                key = {0x82, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
            }
            entries.emplace(key, values.back());
        }
        CHECK(ordered_trie_root(values) == trie_root(entries));
    }
}

TEST_CASE("Trie: an empty value is refused as an error of the caller") {
    CHECK_THROWS_AS(ordered_trie_root({Bytes{}}), std::invalid_argument);
}

TEST_CASE("Trie: a change of any entry changes the root") {
    rc::check([](std::map<Bytes, Bytes> entries, const Bytes& key, std::uint8_t bit) {
        for (auto& [name, value] : entries) {
            value.push_back(1);
        }
        entries[key].push_back(1);
        const Bytes32 before = trie_root(entries);
        auto changed = entries;
        changed[key].back() ^= static_cast<std::uint8_t>(1U << bit % 8);
        RC_ASSERT(trie_root(changed) != before);
        changed.erase(key);
        RC_ASSERT(trie_root(changed) != before);
    });
}
