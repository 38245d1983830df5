#include "services/api-gateway/session/wallet_signature.hpp"

#include <algorithm>

#include "crypto/signer.hpp"
#include "eth/codec/abi.hpp"
#include "services/api-gateway/session/signature_check_code.hpp"

namespace lamda::gateway {

namespace {

constexpr std::size_t kMarkBytes = 32;

Error invalid(const std::string& message) {
    return {"invalid_signature", message, ""};
}

/// The 65 bytes of a compact signature: the highest bit of s is the recovery id.
Bytes expanded(BytesView compact) {
    Bytes out(compact.begin(), compact.end());
    out.push_back(out[32] >> 7);
    out[32] &= 0x7F;
    return out;
}

}  // namespace

Result<Bytes> parse_wallet_signature(std::string_view text) {
    const auto bytes = text.starts_with("0x") && text.size() <= 2 + 2 * kLongestSignature
                           ? from_hex(text)
                           : Result<Bytes>(invalid(""));
    if (!bytes || bytes->empty()) {
        return invalid("must be 0x and the hex digits of at most " + std::to_string(kLongestSignature) +
                       " bytes");
    }
    return *bytes;
}

bool is_signed_by_key(const Address& address, const Bytes32& digest, BytesView signature) {
    if (signature.size() != 64 && signature.size() != 65) {
        return false;
    }
    const auto parsed = signature.size() == 65 ? crypto::Signature::from_bytes65(signature)
                                               : crypto::Signature::from_bytes65(expanded(signature));
    const auto signer = parsed ? crypto::recover(digest, *parsed) : Result<Address>(parsed.error());
    return signer && *signer == address;
}

bool has_creation(BytesView signature) {
    if (signature.size() < kMarkBytes) {
        return false;
    }
    const auto mark = signature.last(kMarkBytes);
    for (std::size_t i = 0; i < kMarkBytes; ++i) {
        if (mark[i] != (i % 2 == 0 ? 0x64 : 0x92)) {
            return false;
        }
    }
    return true;
}

Result<ContractQuestion> contract_question(const Address& wallet, const Bytes32& digest,
                                           BytesView signature) {
    ContractQuestion out{wallet, digest, Bytes(signature.begin(), signature.end()), {}, {}};
    if (!has_creation(signature)) {
        return out;
    }
    const eth::abi::Decoder decoder(signature.first(signature.size() - kMarkBytes));
    const auto factory = decoder.address(0);
    const auto data = decoder.bytes(1);
    const auto inner = decoder.bytes(2);
    if (!factory || factory->is_zero() || !data || !inner) {
        return invalid("the content before the mark of ERC-6492 must be (address, bytes, bytes)");
    }
    out.factory = *factory;
    out.factory_data = *data;
    out.signature = *inner;
    return out;
}

Bytes signature_check_call(const ContractQuestion& question, ChainId chain) {
    const auto code = signature_check_code();
    Bytes out(code.begin(), code.end());
    const auto arguments = eth::abi::Encoder()
                               .uint(U256(chain.value))
                               .address(question.wallet)
                               .bytes32(question.digest)
                               .bytes(question.signature)
                               .address(question.factory)
                               .bytes(question.factory_data)
                               .finish();
    out.insert(out.end(), arguments.begin(), arguments.end());
    return out;
}

}  // namespace lamda::gateway
