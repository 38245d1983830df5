#include "eth/codec/typed_data.hpp"

#include "crypto/digest.hpp"

namespace lamda::eth {
namespace {

void append(Bytes& out, BytesView bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

Bytes personal_message(std::string_view message) {
    std::string text =
        "\x19"
        "Ethereum Signed Message:\n";
    text += std::to_string(message.size());
    text += message;
    const BytesView bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

Bytes32 personal_digest(std::string_view message) {
    return crypto::keccak256(personal_message(message));
}

StructHasher::StructHasher(std::string_view type) {
    add(crypto::keccak256(as_bytes(type)));
}

StructHasher& StructHasher::add(const Bytes32& word) {
    append(encoded_, word.view());
    return *this;
}

StructHasher& StructHasher::add(const Address& address) {
    encoded_.insert(encoded_.end(), 12, 0);
    append(encoded_, address.view());
    return *this;
}

StructHasher& StructHasher::add_uint(const U256& value) {
    return add(Bytes32(to_be32(value)));
}

StructHasher& StructHasher::add_int(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    encoded_.insert(encoded_.end(), 24, value < 0 ? 0xff : 0);
    for (int shift = 56; shift >= 0; shift -= 8) {
        encoded_.push_back(static_cast<std::uint8_t>(bits >> shift & 0xff));
    }
    return *this;
}

StructHasher& StructHasher::add_string(std::string_view text) {
    return add(crypto::keccak256(as_bytes(text)));
}

Bytes32 StructHasher::hash() const {
    return crypto::keccak256(encoded_);
}

Bytes32 domain_separator(const Eip712Domain& domain) {
    return StructHasher("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
        .add_string(domain.name)
        .add_string(domain.version)
        .add_uint(U256(domain.chain_id.value))
        .add(domain.verifying_contract)
        .hash();
}

Bytes typed_data_message(const Eip712Domain& domain, const Bytes32& struct_hash) {
    Bytes text = {0x19, 0x01};
    append(text, domain_separator(domain).view());
    append(text, struct_hash.view());
    return text;
}

}  // namespace lamda::eth
