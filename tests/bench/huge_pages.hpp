// Huge pages for a database server's shared memory, as docs/operations.md tells an operator to reserve them.
#pragma once

#include <cstdint>

namespace lamda::bench {

/// Sees to it that the machine has so much memory free in huge pages, and gives them back at the end. Where
/// that may not be (no root, no room, a container), there are as many as there were: PostgreSQL then does
/// without by itself, and is slower.
class HugePages {
  public:
    explicit HugePages(std::uint64_t mib);
    ~HugePages();
    HugePages(const HugePages&) = delete;
    HugePages& operator=(const HugePages&) = delete;

    /// MiB free in huge pages now.
    static std::uint64_t free_mib();

  private:
    std::uint64_t before_ = 0;  ///< pages
    bool changed_ = false;
};

}  // namespace lamda::bench
