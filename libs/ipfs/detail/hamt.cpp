#include "ipfs/detail/hamt.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "ipfs/detail/dag_pb.hpp"
#include "ipfs/detail/murmur3.hpp"

namespace lamda::ipfs::detail {
namespace {

constexpr unsigned kHashBits = 64;
constexpr unsigned kSlotBits = 8;
constexpr std::size_t kBitfieldBytes = 32;  // a bit for each of 256 slots

struct Hashed {
    std::uint64_t hash = 0;
    const Link* link = nullptr;
};

std::string prefix_of(unsigned slot) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    return {kDigits[slot >> 4U], kDigits[slot & 15U]};
}

/// The used slots as a big-endian number, without leading zeros.
class Bitfield {
  public:
    void set(unsigned slot) {
        bytes_[kBitfieldBytes - 1 - slot / 8] |= static_cast<std::uint8_t>(1U << (slot % 8));
    }
    Bytes bytes() const {
        return {std::find_if(bytes_.begin(), bytes_.end(), [](auto byte) { return byte != 0; }),
                bytes_.end()};
    }

  private:
    std::array<std::uint8_t, kBitfieldBytes> bytes_{};
};

/// @param entries sorted by hash; their first `used_bits` are equal
Result<Link> shard(std::span<const Hashed> entries, unsigned used_bits, const BlockSink& sink) {
    if (used_bits == kHashBits) {
        return Error{"invalid_directory",
                     "\"" + entries[0].link->name + "\" and \"" + entries[1].link->name +
                         "\" have the same hash: no sharded directory can hold both",
                     ""};
    }
    const auto slot_of = [&](const Hashed& entry) {
        return static_cast<unsigned>(entry.hash >> (kHashBits - kSlotBits - used_bits)) & 0xffU;
    };
    std::vector<Link> links;
    Bitfield used;
    std::uint64_t total = 0;
    while (!entries.empty()) {
        const unsigned slot = slot_of(entries.front());
        const auto end = std::find_if(entries.begin(), entries.end(),
                                      [&](const Hashed& entry) { return slot_of(entry) != slot; });
        const auto same = entries.first(static_cast<std::size_t>(end - entries.begin()));
        entries = entries.subspan(same.size());
        auto link =
            same.size() == 1 ? Result<Link>(*same.front().link) : shard(same, used_bits + kSlotBits, sink);
        if (!link) {
            return link;
        }
        link->name.insert(0, prefix_of(slot));
        total += link->total_size;
        used.set(slot);
        links.push_back(*std::move(link));
    }
    Bytes bytes = encode_shard(links, used.bytes());
    total += bytes.size();
    return Link{"", emit(CidCodec::kDagPb, std::move(bytes), sink), total};
}

}  // namespace

Result<Link> make_shards(const std::vector<Link>& entries, const BlockSink& sink) {
    std::vector<Hashed> hashed;
    hashed.reserve(entries.size());
    for (const auto& entry : entries) {
        hashed.push_back({murmur3_x64_64(as_bytes(entry.name)), &entry});
    }
    std::sort(hashed.begin(), hashed.end(), [](const Hashed& a, const Hashed& b) { return a.hash < b.hash; });
    return shard(hashed, 0, sink);
}

}  // namespace lamda::ipfs::detail
