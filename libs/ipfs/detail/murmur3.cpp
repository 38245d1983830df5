#include "ipfs/detail/murmur3.hpp"

#include <bit>

namespace lamda::ipfs::detail {
namespace {

constexpr std::size_t kBlockBytes = 16;
constexpr std::uint64_t kC1 = 0x87c37b91114253d5ULL;
constexpr std::uint64_t kC2 = 0x4cf5ad432745937fULL;

/// At most 8 bytes, little-endian.
std::uint64_t word(BytesView bytes) {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < bytes.size() && i < 8; ++i) {
        out |= std::uint64_t{bytes[i]} << (8 * i);
    }
    return out;
}

std::uint64_t mixed1(std::uint64_t k) {
    return std::rotl(k * kC1, 31) * kC2;
}

std::uint64_t mixed2(std::uint64_t k) {
    return std::rotl(k * kC2, 33) * kC1;
}

std::uint64_t avalanche(std::uint64_t k) {
    k = (k ^ (k >> 33U)) * 0xff51afd7ed558ccdULL;
    k = (k ^ (k >> 33U)) * 0xc4ceb9fe1a85ec53ULL;
    return k ^ (k >> 33U);
}

}  // namespace

std::uint64_t murmur3_x64_64(BytesView bytes) {
    std::uint64_t h1 = 0;
    std::uint64_t h2 = 0;
    const std::uint64_t length = bytes.size();
    for (; bytes.size() >= kBlockBytes; bytes = bytes.subspan(kBlockBytes)) {
        h1 = (std::rotl(h1 ^ mixed1(word(bytes.first(8))), 27) + h2) * 5 + 0x52dce729;
        h2 = (std::rotl(h2 ^ mixed2(word(bytes.subspan(8, 8))), 31) + h1) * 5 + 0x38495ab5;
    }
    if (bytes.size() > 8) {
        h2 ^= mixed2(word(bytes.subspan(8)));
    }
    h1 ^= mixed1(word(bytes));
    h1 ^= length;
    h2 ^= length;
    h1 += h2;
    h2 += h1;
    return avalanche(h1) + avalanche(h2);
}

}  // namespace lamda::ipfs::detail
