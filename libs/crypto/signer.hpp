// Signing over secp256k1 (SEC 2), with public-key recovery.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/ids.hpp"

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

/// Who signed the digest. Errors: `invalid_signature` when no key fits.
Result<Address> recover(const Bytes32& digest, const Signature& signature);

/// Something that signs for one address: a key in memory, a remote signer, a KMS.
class Signer {
  public:
    virtual ~Signer() = default;
    virtual const Address& address() const = 0;
    /// May be slow and may throw when the signer is remote.
    virtual Signature sign(const Bytes32& digest) const = 0;
};

/// A key in memory, wiped when it goes; deterministic nonces (RFC 6979). Never printed.
class LocalSigner final : public Signer {
  public:
    /// 64 hex digits with or without 0x, in 1 … n−1. The message never repeats the input.
    /// Errors: `invalid_private_key`.
    static Result<std::unique_ptr<LocalSigner>> from_hex(std::string_view hex);
    static Result<std::unique_ptr<LocalSigner>> from_bytes(BytesView key);
    ~LocalSigner() override;
    LocalSigner(const LocalSigner&) = delete;
    LocalSigner& operator=(const LocalSigner&) = delete;

    const Address& address() const override;
    Signature sign(const Bytes32& digest) const override;

  private:
    LocalSigner();
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Web3 Secret Storage version 3 (scrypt or PBKDF2, AES-128-CTR). Errors: `invalid_key_file`,
/// `wrong_password`.
Result<std::unique_ptr<LocalSigner>> open_key_file(std::string_view json, std::string_view password);

/// EIP-55: the mixed-case form.
std::string checksum_address(const Address& address);

}  // namespace lamda::crypto
