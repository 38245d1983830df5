// Encoder of the contract ABI: words, dynamic values, nested tuples.
#include "crypto/digest.hpp"
#include "eth/codec/abi.hpp"

namespace lamda::eth::abi {
namespace {

void append(Bytes& out, BytesView bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

std::array<std::uint8_t, 4> selector(std::string_view signature) {
    const Bytes32 digest = crypto::keccak256(as_bytes(signature));
    const auto& hash = digest.array();
    return {hash[0], hash[1], hash[2], hash[3]};
}

Encoder& Encoder::word(const std::array<std::uint8_t, 32>& word) {
    slots_.push_back({false, Bytes(word.begin(), word.end())});
    return *this;
}

Encoder& Encoder::uint(const U256& value) {
    return word(to_be32(value));
}
Encoder& Encoder::boolean(bool value) {
    return uint(U256(value ? 1 : 0));
}
Encoder& Encoder::bytes32(const Bytes32& value) {
    return word(value.array());
}
Encoder& Encoder::string(std::string_view value) {
    return bytes(as_bytes(value));
}

Encoder& Encoder::address(const Address& value) {
    std::array<std::uint8_t, 32> padded{};
    std::copy(value.array().begin(), value.array().end(), padded.begin() + 12);
    return word(padded);
}

Encoder& Encoder::bytes(BytesView value) {
    Bytes content;
    append(content, to_be32(U256(value.size())));
    append(content, value);
    content.resize((content.size() + 31) / 32 * 32);
    slots_.push_back({true, std::move(content)});
    return *this;
}

Encoder& Encoder::dynamic_tuple(const Encoder& members) {
    slots_.push_back({true, members.finish()});
    return *this;
}

Bytes Encoder::finish() const {
    Bytes head;
    Bytes tail;
    for (const Slot& slot : slots_) {
        if (slot.dynamic) {
            append(head, to_be32(U256(slots_.size() * 32 + tail.size())));
            append(tail, slot.content);
        } else {
            append(head, slot.content);
        }
    }
    append(head, tail);
    return head;
}

}  // namespace lamda::eth::abi
