// NKeys: Ed25519 keys in the text form of NATS (github.com/nats-io/nkeys): base32 of prefix, key and CRC-16.
#pragma once

#include <string>

#include "crypto/ed25519.hpp"

namespace lamda::natsauth {

enum class KeyKind { kOperator, kAccount, kUser };

/// A private key of one kind.
class Nkey {
  public:
    static Nkey generate(KeyKind kind);
    /// Reads a seed (58 characters, SO…, SA…, SU…). The error never repeats the text. Errors: `invalid_nkey`.
    static Result<Nkey> from_seed(KeyKind kind, std::string_view seed);

    KeyKind kind() const { return kind_; }
    const std::string& public_key() const { return public_; }  ///< 56 characters: O…, A…, U…
    std::string seed() const;                                  ///< secret
    crypto::Ed25519Signature sign(BytesView message) const { return key_.sign(message); }

  private:
    Nkey(KeyKind kind, crypto::Ed25519Key key);
    KeyKind kind_;
    crypto::Ed25519Key key_;
    std::string public_;
};

/// Reads a public key. Errors: `invalid_nkey`.
Result<crypto::Ed25519PublicKey> parse_public_key(KeyKind kind, std::string_view text);
std::string public_key_text(KeyKind kind, const crypto::Ed25519PublicKey& key);

}  // namespace lamda::natsauth
