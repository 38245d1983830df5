// KeyPage: the only place of a private key in memory, protected against accidental copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lamda::crypto {

/// 32 bytes on a page of their own: excluded from core dumps and child processes, locked against swapping
/// where the system allows it, wiped at the end.
class KeyPage {
  public:
    static constexpr std::size_t kSize = 32;

    KeyPage();  ///< all zero. @throws std::bad_alloc
    ~KeyPage();
    KeyPage(const KeyPage&) = delete;
    KeyPage& operator=(const KeyPage&) = delete;

    std::span<std::uint8_t, kSize> bytes() { return std::span<std::uint8_t, kSize>(start_, kSize); }
    const std::uint8_t* data() const { return start_; }

  private:
    std::size_t page_;
    std::uint8_t* start_;
};

}  // namespace lamda::crypto
