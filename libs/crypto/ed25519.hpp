// Ed25519 signatures (RFC 8032).
#pragma once

#include <array>

#include "core/bytes.hpp"

namespace lamda::crypto {

using Ed25519PublicKey = std::array<std::uint8_t, 32>;
using Ed25519Signature = std::array<std::uint8_t, 64>;

/// A private key in memory, wiped on destruction. Never printed.
class Ed25519Key {
  public:
    /// @param seed 32 bytes, the private key of RFC 8032. Errors: `invalid_length`.
    static Result<Ed25519Key> from_seed(BytesView seed);
    /// A new key from the system's random source.
    static Ed25519Key generate();
    ~Ed25519Key();
    Ed25519Key(const Ed25519Key&) = default;
    Ed25519Key& operator=(const Ed25519Key&) = default;

    const Ed25519PublicKey& public_key() const { return public_; }
    BytesView seed() const { return seed_; }
    /// Deterministic: one message has one signature.
    Ed25519Signature sign(BytesView message) const;

  private:
    Ed25519Key() = default;
    std::array<std::uint8_t, 32> seed_{};
    Ed25519PublicKey public_{};
};

bool ed25519_verify(const Ed25519PublicKey& key, BytesView message, BytesView signature);

}  // namespace lamda::crypto
