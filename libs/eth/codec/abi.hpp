// Contract ABI, as far as generated bindings need it (https://docs.soliditylang.org/en/latest/abi-spec.html).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/ids.hpp"
#include "core/u256.hpp"

namespace lamda::eth::abi {

/// First four bytes of keccak256(signature), e.g. "createJob(bytes32,address)".
std::array<std::uint8_t, 4> selector(std::string_view signature);

/// Encodes arguments as head and tail. Nested encoders build tuples and arrays of words.
class Encoder {
  public:
    Encoder& word(const std::array<std::uint8_t, 32>& word);
    Encoder& uint(const U256& value);
    Encoder& boolean(bool value);
    Encoder& address(const Address& value);
    Encoder& bytes32(const Bytes32& value);
    Encoder& string(std::string_view value);
    Encoder& bytes(BytesView value);
    /// A dynamic tuple: at least one member is dynamic.
    Encoder& dynamic_tuple(const Encoder& members);
    Bytes finish() const;

  private:
    struct Slot {
        bool dynamic;
        Bytes content;
    };
    std::vector<Slot> slots_;
};

/// Reads words at offsets; checks each access against the end and each padding byte against zero. Errors:
/// `invalid_abi`, with the offset. A string of more than max_length bytes is refused.
class Decoder {
  public:
    explicit Decoder(BytesView data) : data_(data) {}
    Result<U256> uint(std::size_t slot, unsigned bits = 256) const;
    Result<bool> boolean(std::size_t slot) const;
    Result<Address> address(std::size_t slot) const;
    Result<Bytes32> bytes32(std::size_t slot) const;
    Result<std::string> string(std::size_t slot, std::size_t max_length = 65'536) const;
    Result<Bytes> bytes(std::size_t slot, std::size_t max_length = 1U << 20) const;
    /// The dynamic tuple at this slot, as a Decoder of its members.
    Result<Decoder> dynamic_tuple(std::size_t slot) const;

  private:
    BytesView data_;
};

}  // namespace lamda::eth::abi
