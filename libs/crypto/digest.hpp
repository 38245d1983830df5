// Digests: Keccak-256 (the pre-standard padding that Ethereum uses) and SHA-256 (FIPS 180-4).
#pragma once

#include "core/ids.hpp"

namespace lamda::crypto {

Bytes32 keccak256(BytesView bytes);
Bytes32 sha256(BytesView bytes);

/// SHA-256 in parts, for data that does not fit in memory.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    void update(BytesView part);
    Bytes32 finish();

  private:
    struct Impl;
    Impl* impl_;
};

}  // namespace lamda::crypto
