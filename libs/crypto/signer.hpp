// Signing over secp256k1 (SEC 2), with public-key recovery.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "core/ids.hpp"
#include "crypto/secret_bytes.hpp"

namespace lamda::crypto {

/// r and s big-endian, s in the lower half (EIP-2), recovery id 0 or 1.
struct Signature {
    Bytes32 r;
    Bytes32 s;
    std::uint8_t recovery_id = 0;

    /// 65 bytes: r, s, v with v = 27 + recovery_id (the form of EIP-191 and EIP-712 signatures).
    Bytes bytes65() const;
    std::string hex65() const;
    /// Accepts v of 0, 1, 27, 28; refuses s in the upper half. Errors: `invalid_signature`.
    static Result<Signature> from_bytes65(BytesView bytes);
    static Result<Signature> from_hex65(std::string_view text);
    bool operator==(const Signature&) const = default;
};

/// Address that signed the digest. Errors: `invalid_signature` if no key matches.
Result<Address> recover(const Bytes32& digest, const Signature& signature);

/// Public key that signed the digest: 64 bytes, x and y. Errors: `invalid_signature` if no key matches.
Result<Bytes> recover_public_key(const Bytes32& digest, const Signature& signature);

/// The address of a public key (SEC 1, section 2.3.3): 33 bytes compressed, 65 bytes, or its last 64.
/// Errors: `invalid_public_key`.
Result<Address> address_of_public_key(BytesView key);
/// The 33 bytes of a public key in any of these forms. Errors: `invalid_public_key`.
Result<Bytes> compressed_public_key(BytesView key);

/// The signer cannot answer now: wait and retry. A signature may have been made; an unused signature is
/// harmless.
class Unavailable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// The signer answers but refuses to sign for this address: it lacks the key, denies access, or signs with
/// another key. Its configuration or ours must change.
class SigningRefused : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Signs for one address: a key in memory, a remote signer or a KMS.
class Signer {
  public:
    virtual ~Signer() = default;
    virtual const Address& address() const = 0;
    /// Signs keccak256(message). Takes the message and not the digest, since remote signers hash by
    /// themselves and some check what they sign. May take seconds. @throws Unavailable, SigningRefused
    virtual Signature sign(BytesView message) const = 0;
    /// Returns if the signer can sign for the address, as far as can be checked without signing.
    /// @throws Unavailable, SigningRefused
    virtual void check() const = 0;
    /// Returns the x coordinate that this key and the public key share (ECDH; SEC 1, section 3.3.1), 32
    /// bytes. Errors: `invalid_public_key`, `no_key_agreement`: only a key in memory can do it.
    virtual Result<SecretBytes> agree(BytesView public_key) const;
};

/// A key in memory, in one place only, wiped on destruction; deterministic nonces (RFC 6979). Never printed.
class LocalSigner final : public Signer {
  public:
    /// Reads 64 hex digits with or without 0x, in 1 … n−1. The message never repeats the input.
    /// Errors: `invalid_private_key`. The caller wipes the input.
    static Result<std::unique_ptr<LocalSigner>> from_hex(std::string_view hex);
    static Result<std::unique_ptr<LocalSigner>> from_bytes(BytesView key);
    ~LocalSigner() override;
    LocalSigner(const LocalSigner&) = delete;
    LocalSigner& operator=(const LocalSigner&) = delete;

    const Address& address() const override;
    Signature sign(BytesView message) const override;
    void check() const override {}
    Result<SecretBytes> agree(BytesView public_key) const override;
    /// For digests other than keccak256.
    Signature sign_digest(const Bytes32& digest) const;
    /// 64 bytes: x and y, big-endian.
    Bytes public_key() const;

  private:
    LocalSigner();
    /// Derives the address of the key that is in the page.
    static Result<std::unique_ptr<LocalSigner>> ready(std::unique_ptr<LocalSigner> signer);
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Web3 Secret Storage version 3 (scrypt or PBKDF2, AES-128-CTR). Errors: `invalid_key_file`,
/// `wrong_password`.
Result<std::unique_ptr<LocalSigner>> open_key_file(std::string_view json, std::string_view password);

/// Formats in mixed case (EIP-55).
std::string checksum_address(const Address& address);

}  // namespace lamda::crypto
