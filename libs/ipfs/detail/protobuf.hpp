// The subset of protobuf's encoding that dag-pb and UnixFS use. Internal to ipfs.
// https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/bytes.hpp"

namespace lamda::ipfs::detail {

/// A field: a number, or a view of its bytes.
struct ProtoField {
    std::uint32_t number = 0;
    bool is_bytes = false;
    std::uint64_t value = 0;
    BytesView bytes;
};

/// Reads field after field, within the bytes. Wire types 0 (varint) and 2 (length) only: the others are not
/// used.
class ProtoReader {
  public:
    explicit ProtoReader(BytesView bytes) : rest_(bytes) {}
    /// The next field; nullopt at the end, or on malformed input (then ok() is false).
    std::optional<ProtoField> next();
    /// A bare varint, as in packed fields.
    std::optional<std::uint64_t> varint();
    bool at_end() const { return rest_.empty(); }
    bool ok() const { return ok_; }

  private:
    std::nullopt_t bad() {
        ok_ = false;
        return std::nullopt;
    }
    BytesView rest_;
    bool ok_ = true;
};

void put_varint(Bytes& out, std::uint64_t value);
void put_number(Bytes& out, std::uint32_t field, std::uint64_t value);
void put_bytes(Bytes& out, std::uint32_t field, BytesView value);

}  // namespace lamda::ipfs::detail
