// Sealed messages: only the holder of a secp256k1 key opens them, and only with the same associated data.
// ECIES (SEC 1, section 5.1) with HKDF-SHA256 (RFC 5869) and AES-256-GCM (SP 800-38D).
#pragma once

#include "crypto/secret_bytes.hpp"
#include "crypto/signer.hpp"

namespace lamda::crypto {

/// Bytes of a sealed message, in this order: version 0x01 (1), ephemeral public key, compressed (33),
/// ciphertext (as long as the plaintext), tag (16).
inline constexpr std::size_t kSealOverhead = 1 + 33 + 16;

/// Seals with a fresh ephemeral key. @param recipient public key in 33, 64 or 65 bytes. Errors:
/// `invalid_public_key`
Result<Bytes> seal(BytesView plain, BytesView recipient, BytesView associated);
/// Seals with the given ephemeral key, for known vectors: a key that seals two messages breaks both. Errors:
/// also `invalid_private_key`
Result<Bytes> seal_with(const SecretBytes& ephemeral, BytesView plain, BytesView recipient,
                        BytesView associated);

/// Opens a message that is sealed to the signer's key. Errors: `no_key_agreement` (a remote signer),
/// `not_sealed`: another form, another key, other associated data, or changed.
Result<SecretBytes> open_sealed(BytesView sealed, const Signer& key, BytesView associated);

/// base64url without padding (RFC 4648, section 5).
std::string to_base64url(BytesView bytes);
/// Accepts the one form that to_base64url() writes. Errors: `invalid_base64url`.
Result<Bytes> from_base64url(std::string_view text);

}  // namespace lamda::crypto
