#include "crypto/signer.hpp"

#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_recovery.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "core/hex_digit.hpp"
#include "crypto/detail/key_page.hpp"
#include "crypto/digest.hpp"

namespace lamda::crypto {
namespace {

struct ContextDeleter {
    void operator()(secp256k1_context* context) const { secp256k1_context_destroy(context); }
};
using Context = std::unique_ptr<secp256k1_context, ContextDeleter>;

// Blinded with random bytes against timing and power side channels.
Context make_context() {
    Context context(secp256k1_context_create(SECP256K1_CONTEXT_NONE));
    if (!context) {
        throw std::runtime_error("secp256k1: no context");
    }
    Bytes32 seed = random_bytes32();
    const int randomized = secp256k1_context_randomize(context.get(), seed.array().data());
    explicit_bzero(seed.array().data(), Bytes32::kSize);
    if (randomized != 1) {
        throw std::runtime_error("secp256k1: the context could not be randomized");
    }
    return context;
}

// Verification uses no secret, so one constant context serves all threads.
const secp256k1_context* verifying_context() {
    static const Context context = make_context();
    return context.get();
}

/// x and y: SEC 1, section 2.3.3, without the prefix byte.
Bytes serialized(const secp256k1_context* context, const secp256k1_pubkey& key) {
    std::array<std::uint8_t, 65> bytes{};
    std::size_t size = bytes.size();
    secp256k1_ec_pubkey_serialize(context, bytes.data(), &size, &key, SECP256K1_EC_UNCOMPRESSED);
    return {bytes.begin() + 1, bytes.end()};
}

Address address_of(BytesView public_key) {
    const Bytes32 digest = keccak256(public_key);
    Address out;
    std::copy(digest.array().begin() + 12, digest.array().end(), out.array().begin());
    return out;
}

// n / 2, the largest s that EIP-2 allows.
constexpr std::array<std::uint8_t, 32> kHalfOrder = {
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0};

Result<secp256k1_pubkey> parse_point(BytesView key) {
    Bytes whole(key.begin(), key.end());
    if (whole.size() == 64) {
        whole.insert(whole.begin(), 0x04);  // SEC 1: uncompressed
    }
    secp256k1_pubkey parsed;
    // The library aborts on empty input.
    if (whole.empty() ||
        secp256k1_ec_pubkey_parse(verifying_context(), &parsed, whole.data(), whole.size()) != 1) {
        return Error{"invalid_public_key", "not a point of secp256k1 in 33, 64 or 65 bytes", ""};
    }
    return parsed;
}

/// Hash function of secp256k1_ecdh: the x coordinate itself, as in SEC 1.
int take_x(unsigned char* out, const unsigned char* x, const unsigned char* /*y*/, void* /*data*/) {
    std::copy(x, x + 32, out);
    return 1;
}

Error bad_signature(const char* what) {
    return Error{"invalid_signature", what, ""};
}
Error bad_key() {
    return Error{"invalid_private_key", "a private key is 64 hex digits, with or without 0x, from 1 to n-1",
                 ""};
}

}  // namespace

Bytes Signature::bytes65() const {
    Bytes out;
    out.reserve(65);
    out.insert(out.end(), r.array().begin(), r.array().end());
    out.insert(out.end(), s.array().begin(), s.array().end());
    out.push_back(static_cast<std::uint8_t>(27 + recovery_id));
    return out;
}

std::string Signature::hex65() const {
    return to_hex(bytes65());
}

Result<Signature> Signature::from_bytes65(BytesView bytes) {
    if (bytes.size() != 65) {
        return bad_signature("a signature must have 65 bytes: r, s, v");
    }
    const std::uint8_t v = bytes[64];
    if (v != 0 && v != 1 && v != 27 && v != 28) {
        return bad_signature("v must be 0, 1, 27 or 28");
    }
    Signature out;
    std::copy(bytes.begin(), bytes.begin() + 32, out.r.array().begin());
    std::copy(bytes.begin() + 32, bytes.begin() + 64, out.s.array().begin());
    out.recovery_id = static_cast<std::uint8_t>(v >= 27 ? v - 27 : v);
    if (out.r.is_zero() || out.s.is_zero()) {
        return bad_signature("r and s must not be 0");
    }
    if (out.s.array() > kHalfOrder) {
        return bad_signature("s must be in the lower half (EIP-2)");
    }
    return out;
}

Result<Signature> Signature::from_hex65(std::string_view text) {
    const auto bytes = from_hex(text);
    if (!text.starts_with("0x") || !bytes) {
        return bad_signature("a signature must be 0x and 130 hex digits");
    }
    return from_bytes65(*bytes);
}

Result<Bytes> recover_public_key(const Bytes32& digest, const Signature& signature) {
    if (signature.recovery_id > 1) {
        return bad_signature("the recovery id must be 0 or 1");
    }
    if (signature.s.array() > kHalfOrder) {
        return bad_signature("s must be in the lower half (EIP-2)");
    }
    std::array<std::uint8_t, 64> compact{};
    std::copy(signature.r.array().begin(), signature.r.array().end(), compact.begin());
    std::copy(signature.s.array().begin(), signature.s.array().end(), compact.begin() + 32);
    const secp256k1_context* context = verifying_context();
    secp256k1_ecdsa_recoverable_signature parsed;
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(context, &parsed, compact.data(),
                                                            signature.recovery_id) != 1) {
        return bad_signature("r or s is out of range");
    }
    secp256k1_pubkey key;
    if (secp256k1_ecdsa_recover(context, &key, &parsed, digest.array().data()) != 1) {
        return bad_signature("no public key matches this signature");
    }
    return serialized(context, key);
}

Result<Address> recover(const Bytes32& digest, const Signature& signature) {
    const auto key = recover_public_key(digest, signature);
    if (!key) {
        return key.error();
    }
    return address_of(*key);
}

Result<Address> address_of_public_key(BytesView key) {
    const auto parsed = parse_point(key);
    if (!parsed) {
        return parsed.error();
    }
    return address_of(serialized(verifying_context(), *parsed));
}

Result<Bytes> compressed_public_key(BytesView key) {
    const auto parsed = parse_point(key);
    if (!parsed) {
        return parsed.error();
    }
    Bytes out(33);
    std::size_t size = out.size();
    secp256k1_ec_pubkey_serialize(verifying_context(), out.data(), &size, &*parsed, SECP256K1_EC_COMPRESSED);
    return out;
}

Result<SecretBytes> Signer::agree(BytesView) const {
    return Error{"no_key_agreement", "the signer holds its key elsewhere, and only signs with it", ""};
}

struct LocalSigner::Impl {
    Context context = make_context();
    KeyPage key;
    Bytes public_key;  ///< 64 bytes
    Address address;
};

LocalSigner::LocalSigner() : impl_(std::make_unique<Impl>()) {}
LocalSigner::~LocalSigner() = default;

Result<std::unique_ptr<LocalSigner>> LocalSigner::from_bytes(BytesView key) {
    if (key.size() != 32) {
        return bad_key();
    }
    std::unique_ptr<LocalSigner> out(new LocalSigner);
    std::copy(key.begin(), key.end(), out->impl_->key.bytes().begin());
    return ready(std::move(out));
}

Result<std::unique_ptr<LocalSigner>> LocalSigner::ready(std::unique_ptr<LocalSigner> signer) {
    Impl& impl = *signer->impl_;
    secp256k1_pubkey pubkey;
    // Fails for 0 and for n and above, which are not keys.
    if (secp256k1_ec_pubkey_create(impl.context.get(), &pubkey, impl.key.data()) != 1) {
        return bad_key();
    }
    impl.public_key = serialized(impl.context.get(), pubkey);
    impl.address = address_of(impl.public_key);
    return signer;
}

Result<std::unique_ptr<LocalSigner>> LocalSigner::from_hex(std::string_view hex) {
    if (hex.starts_with("0x")) {
        hex.remove_prefix(2);
    }
    if (hex.size() != 64 || hex.starts_with("0x") || hex.starts_with("0X")) {
        return bad_key();
    }
    std::unique_ptr<LocalSigner> out(new LocalSigner);
    // Decodes digit by digit into the page: no second copy that would have to be wiped.
    for (std::size_t i = 0; i < hex.size(); ++i) {
        const int digit = hex_digit(hex[i]);
        if (digit < 0) {
            return bad_key();
        }
        std::uint8_t& byte = out->impl_->key.bytes()[i / 2];
        byte = static_cast<std::uint8_t>(byte << 4 | digit);
    }
    return ready(std::move(out));
}

const Address& LocalSigner::address() const {
    return impl_->address;
}

Bytes LocalSigner::public_key() const {
    return impl_->public_key;
}

Result<SecretBytes> LocalSigner::agree(BytesView public_key) const {
    const auto point = parse_point(public_key);
    if (!point) {
        return point.error();
    }
    SecretBytes out(32);
    // In constant time. Fails for keys out of range only, which this one is not.
    if (secp256k1_ecdh(impl_->context.get(), out.data(), &*point, impl_->key.data(), take_x, nullptr) != 1) {
        throw std::runtime_error("secp256k1: key agreement failed");
    }
    return out;
}

Signature LocalSigner::sign(BytesView message) const {
    return sign_digest(keccak256(message));
}

Signature LocalSigner::sign_digest(const Bytes32& digest) const {
    const secp256k1_context* context = impl_->context.get();
    secp256k1_ecdsa_recoverable_signature signature;
    // The default nonce function is RFC 6979; the library normalises s to the lower half.
    if (secp256k1_ecdsa_sign_recoverable(context, &signature, digest.array().data(), impl_->key.data(),
                                         nullptr, nullptr) != 1) {
        throw std::runtime_error("secp256k1: signing failed");
    }
    std::array<std::uint8_t, 64> compact{};
    int recovery_id = 0;
    secp256k1_ecdsa_recoverable_signature_serialize_compact(context, compact.data(), &recovery_id,
                                                            &signature);
    Signature out;
    std::copy(compact.begin(), compact.begin() + 32, out.r.array().begin());
    std::copy(compact.begin() + 32, compact.end(), out.s.array().begin());
    // 2 and 3 need an r above n: a chance of 1 in 2^127, and Ethereum has no v for them.
    if (recovery_id > 1) {
        throw std::runtime_error("secp256k1: the signature has no Ethereum form");
    }
    out.recovery_id = static_cast<std::uint8_t>(recovery_id);
    return out;
}

std::string checksum_address(const Address& address) {
    std::string out = to_hex_bare(address.view());
    const Bytes32 digest = keccak256(as_bytes(out));
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int nibble = i % 2 == 0 ? digest.array()[i / 2] >> 4 : digest.array()[i / 2] & 15;
        if (nibble >= 8 && out[i] >= 'a') {
            out[i] = static_cast<char>(out[i] - 'a' + 'A');
        }
    }
    return "0x" + out;
}

}  // namespace lamda::crypto
