// SecretBytes: bytes that are wiped when they are no longer used.
#pragma once

#include <span>

#include "core/ids.hpp"

namespace lamda::crypto {

/// Moves, never copies; its size is fixed. Never printed.
class SecretBytes {
  public:
    SecretBytes() = default;
    explicit SecretBytes(std::size_t size) : bytes_(size) {}
    explicit SecretBytes(BytesView bytes) : bytes_(bytes.begin(), bytes.end()) {}
    ~SecretBytes() { wipe(); }
    SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
    SecretBytes& operator=(SecretBytes&& other) noexcept;
    SecretBytes(const SecretBytes&) = delete;
    SecretBytes& operator=(const SecretBytes&) = delete;

    std::size_t size() const { return bytes_.size(); }
    std::uint8_t* data() { return bytes_.data(); }
    const std::uint8_t* data() const { return bytes_.data(); }
    BytesView view() const { return bytes_; }

  private:
    void wipe();
    Bytes bytes_;
};

}  // namespace lamda::crypto
