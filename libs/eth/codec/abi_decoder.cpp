// Decoder of the contract ABI: bounds, padding and range checks of each word.
#include <algorithm>

#include "eth/codec/abi.hpp"

namespace lamda::eth::abi {
namespace {

Error bad(const std::string& what, std::size_t offset) {
    return Error{"invalid_abi", what, "offset " + std::to_string(offset)};
}

bool all_zero(BytesView bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

Result<BytesView> word_at(BytesView data, std::size_t offset) {
    if (offset > data.size() || data.size() - offset < 32) {
        return bad("the data ends at " + std::to_string(data.size()), offset);
    }
    return data.subspan(offset, 32);
}

// A position or a length. Refuses a value that exceeds the size of the data.
Result<std::size_t> size_at(BytesView data, std::size_t offset) {
    const auto word = word_at(data, offset);
    if (!word) {
        return word.error();
    }
    if (!all_zero(word->first(24))) {
        return bad("a position or a length past the end", offset);
    }
    std::size_t out = 0;
    for (const std::uint8_t byte : word->subspan(24)) {
        out = out << 8 | byte;
    }
    if (out > data.size()) {
        return bad("a position or a length past the end", offset);
    }
    return out;
}

Result<BytesView> content_at(BytesView data, std::size_t slot, std::size_t max_length) {
    const auto start = size_at(data, slot * 32);
    if (!start) {
        return start.error();
    }
    const auto length = size_at(data, *start);
    if (!length) {
        return length.error();
    }
    if (*length > max_length) {
        return bad("longer than " + std::to_string(max_length) + " bytes", *start);
    }
    const std::size_t begin = *start + 32;
    const std::size_t padded = (*length + 31) / 32 * 32;
    if (data.size() - begin < padded) {
        return bad("the content is cut off", begin);
    }
    if (!all_zero(data.subspan(begin + *length, padded - *length))) {
        return bad("the padding is not zero", begin + *length);
    }
    return data.subspan(begin, *length);
}

}  // namespace

Result<U256> Decoder::uint(std::size_t slot, unsigned bits) const {
    const auto word = word_at(data_, slot * 32);
    if (!word) {
        return word.error();
    }
    if (!all_zero(word->first(32 - bits / 8))) {
        return bad("more than " + std::to_string(bits) + " bits", slot * 32);
    }
    return u256_from_be(*word);
}

Result<bool> Decoder::boolean(std::size_t slot) const {
    const auto word = word_at(data_, slot * 32);
    if (!word) {
        return word.error();
    }
    if (!all_zero(word->first(31)) || word->back() > 1) {
        return bad("a bool is 0 or 1", slot * 32);
    }
    return word->back() == 1;
}

Result<Address> Decoder::address(std::size_t slot) const {
    const auto word = word_at(data_, slot * 32);
    if (!word) {
        return word.error();
    }
    if (!all_zero(word->first(12))) {
        return bad("an address has 20 bytes", slot * 32);
    }
    return Address::from_bytes(word->subspan(12));
}

Result<Bytes32> Decoder::bytes32(std::size_t slot) const {
    const auto word = word_at(data_, slot * 32);
    if (!word) {
        return word.error();
    }
    return Bytes32::from_bytes(*word);
}

Result<std::string> Decoder::string(std::size_t slot, std::size_t max_length) const {
    const auto content = content_at(data_, slot, max_length);
    if (!content) {
        return content.error();
    }
    return as_string(*content);
}

Result<Bytes> Decoder::bytes(std::size_t slot, std::size_t max_length) const {
    const auto content = content_at(data_, slot, max_length);
    if (!content) {
        return content.error();
    }
    return Bytes(content->begin(), content->end());
}

Result<Decoder> Decoder::dynamic_tuple(std::size_t slot) const {
    const auto start = size_at(data_, slot * 32);
    if (!start) {
        return start.error();
    }
    return Decoder(data_.subspan(*start));
}

}  // namespace lamda::eth::abi
