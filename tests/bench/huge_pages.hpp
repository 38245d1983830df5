// Huge pages for a database server's shared memory, reserved as docs/operations.md describes.
#pragma once

#include <cstdint>

namespace lamda::bench {

/// Reserves so much memory in free huge pages, and releases it in the destructor. Where that is not permitted
/// (no root, no memory, a container) the number is unchanged: PostgreSQL then runs without, and is slower.
class HugePages {
  public:
    explicit HugePages(std::uint64_t mib);
    ~HugePages();
    HugePages(const HugePages&) = delete;
    HugePages& operator=(const HugePages&) = delete;

    /// Free huge pages, in MiB.
    static std::uint64_t free_mib();

  private:
    std::uint64_t before_ = 0;  ///< number of pages
    bool changed_ = false;
};

}  // namespace lamda::bench
