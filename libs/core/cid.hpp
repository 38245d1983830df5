// Content identifiers (https://github.com/multiformats/cid), the subset used by UnixFS.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/ids.hpp"

namespace lamda {

/// Encoding of the block behind a CID (multicodec table).
enum class CidCodec : std::uint8_t { kRaw = 0x55, kDagPb = 0x70 };

/// A CID over SHA-256. Version 0 is dag-pb in base58btc, version 1 prints as base32 lowercase.
/// Equality is by content: the v0 and the v1 form of one block are equal.
class Cid {
  public:
    Cid(CidCodec codec, const Bytes32& sha256) : codec_(codec), digest_(sha256) {}

    /// CIDv0 (`Qm…`), or CIDv1 in base32 (`b…`), base58btc (`z…`) or base16 (`f…`), of sha2-256.
    /// Errors: `invalid_cid`, stating what is malformed or unsupported.
    static Result<Cid> parse(std::string_view text);
    /// The binary form, version 0 or 1. Errors: `invalid_cid`.
    static Result<Cid> from_bytes(BytesView bytes);

    CidCodec codec() const { return codec_; }
    const Bytes32& digest() const { return digest_; }
    /// Version 1, binary.
    Bytes bytes() const;
    /// Version 1, base32.
    std::string to_string() const;

    auto operator<=>(const Cid&) const = default;

  private:
    CidCodec codec_;
    Bytes32 digest_;
};

}  // namespace lamda
