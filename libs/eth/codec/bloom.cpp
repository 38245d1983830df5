// Bloom filter of a block's logs.
#include "crypto/digest.hpp"
#include "eth/codec/types.hpp"

namespace lamda::eth {
namespace {

struct Bit {
    std::size_t byte;
    std::uint8_t mask;
};

// Three bit positions: the low 11 bits of the first three byte pairs of keccak256(item). Bit 0 is the last
// bit.
std::array<Bit, 3> bits_of(BytesView item) {
    const Bytes32 digest = crypto::keccak256(item);
    const auto& hash = digest.array();
    std::array<Bit, 3> out{};
    for (std::size_t i = 0; i < 3; ++i) {
        const std::size_t bit = (std::size_t{hash[2 * i]} << 8 | hash[2 * i + 1]) & 2047;
        out[i] = {255 - bit / 8, static_cast<std::uint8_t>(1U << (bit % 8))};
    }
    return out;
}

}  // namespace

bool Bloom::may_contain(BytesView item) const {
    for (const Bit& bit : bits_of(item)) {
        if ((bits_[bit.byte] & bit.mask) == 0) {
            return false;
        }
    }
    return true;
}

void Bloom::add(BytesView item) {
    for (const Bit& bit : bits_of(item)) {
        bits_[bit.byte] = static_cast<std::uint8_t>(bits_[bit.byte] | bit.mask);
    }
}

void Bloom::add(const Log& log) {
    add(log.address.view());
    for (const Topic& topic : log.topics) {
        add(topic.view());
    }
}

}  // namespace lamda::eth
