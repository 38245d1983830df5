#include "crypto/seal.hpp"

#include <cryptopp/aes.h>
#include <cryptopp/base64.h>
#include <cryptopp/filters.h>
#include <cryptopp/gcm.h>
#include <cryptopp/hkdf.h>
#include <cryptopp/sha.h>
#include <string.h>

#include <algorithm>

namespace lamda::crypto {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kPoint = 33;
constexpr std::size_t kTag = 16;
constexpr std::size_t kKey = 32;
constexpr std::size_t kNonce = 12;
constexpr std::string_view kLabel = "Lamda sealed v1";

Error not_sealed() {
    return {"not_sealed", "not sealed to this key with these associated data", ""};
}

/// Key and nonce: HKDF-SHA256 of the shared x coordinate, with the ephemeral public key as salt, and label
/// and recipient's address as info. The ephemeral key is fresh, so that no pair occurs twice.
SecretBytes key_and_nonce(const SecretBytes& shared, BytesView ephemeral_point, const Address& recipient) {
    Bytes info(as_bytes(kLabel).begin(), as_bytes(kLabel).end());
    info.insert(info.end(), recipient.array().begin(), recipient.array().end());
    SecretBytes out(kKey + kNonce);
    CryptoPP::HKDF<CryptoPP::SHA256>().DeriveKey(out.data(), out.size(), shared.data(), shared.size(),
                                                 ephemeral_point.data(), ephemeral_point.size(), info.data(),
                                                 info.size());
    return out;
}

}  // namespace

Result<Bytes> seal(BytesView plain, BytesView recipient, BytesView associated) {
    for (;;) {
        Bytes32 random = random_bytes32();
        const SecretBytes ephemeral{random.view()};
        ::explicit_bzero(random.array().data(), Bytes32::kSize);
        auto sealed = seal_with(ephemeral, plain, recipient, associated);
        // Random bytes are no key with a chance of 1 in 2^127.
        if (sealed || sealed.error().code != "invalid_private_key") {
            return sealed;
        }
    }
}

Result<Bytes> seal_with(const SecretBytes& ephemeral, BytesView plain, BytesView recipient,
                        BytesView associated) {
    const auto address = address_of_public_key(recipient);
    if (!address) {
        return address.error();
    }
    const auto key = LocalSigner::from_bytes(ephemeral.view());
    if (!key) {
        return key.error();
    }
    const Bytes point = compressed_public_key((*key)->public_key()).value();
    const auto shared = (*key)->agree(recipient);
    if (!shared) {
        return shared.error();
    }
    const SecretBytes derived = key_and_nonce(*shared, point, *address);
    Bytes out(kSealOverhead + plain.size());
    out[0] = kVersion;
    std::copy(point.begin(), point.end(), out.begin() + 1);
    CryptoPP::GCM<CryptoPP::AES>::Encryption cipher;
    cipher.SetKeyWithIV(derived.data(), kKey, derived.data() + kKey, kNonce);
    cipher.EncryptAndAuthenticate(out.data() + 1 + kPoint, out.data() + 1 + kPoint + plain.size(), kTag,
                                  derived.data() + kKey, kNonce, associated.data(), associated.size(),
                                  plain.data(), plain.size());
    return out;
}

Result<SecretBytes> open_sealed(BytesView sealed, const Signer& key, BytesView associated) {
    if (sealed.size() < kSealOverhead || sealed[0] != kVersion) {
        return not_sealed();
    }
    const BytesView point = sealed.subspan(1, kPoint);
    const auto shared = key.agree(point);
    if (!shared) {
        return shared.error().code == "no_key_agreement" ? shared.error() : not_sealed();
    }
    const SecretBytes derived = key_and_nonce(*shared, point, key.address());
    SecretBytes out(sealed.size() - kSealOverhead);
    CryptoPP::GCM<CryptoPP::AES>::Decryption cipher;
    cipher.SetKeyWithIV(derived.data(), kKey, derived.data() + kKey, kNonce);
    const bool same = cipher.DecryptAndVerify(out.data(), sealed.data() + sealed.size() - kTag, kTag,
                                              derived.data() + kKey, kNonce, associated.data(),
                                              associated.size(), sealed.data() + 1 + kPoint, out.size());
    if (!same) {
        return not_sealed();
    }
    return out;
}

std::string to_base64url(BytesView bytes) {
    std::string out;
    CryptoPP::StringSource(bytes.data(), bytes.size(), true,
                           new CryptoPP::Base64URLEncoder(new CryptoPP::StringSink(out), false));
    // Crypto++ versions differ in padding.
    while (out.ends_with('=')) {
        out.pop_back();
    }
    return out;
}

Result<Bytes> from_base64url(std::string_view text) {
    std::string decoded;
    CryptoPP::StringSource(reinterpret_cast<const CryptoPP::byte*>(text.data()), text.size(), true,
                           new CryptoPP::Base64URLDecoder(new CryptoPP::StringSink(decoded)));
    const auto bytes = as_bytes(decoded);
    // The decoder skips what is no digit.
    if (to_base64url(bytes) != text) {
        return Error{"invalid_base64url", "base64url without padding is needed (RFC 4648, section 5)", ""};
    }
    return Bytes(bytes.begin(), bytes.end());
}

}  // namespace lamda::crypto
