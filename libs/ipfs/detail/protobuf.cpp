#include "ipfs/detail/protobuf.hpp"

namespace lamda::ipfs::detail {
namespace {

constexpr std::uint64_t kVarint = 0;
constexpr std::uint64_t kLength = 2;
constexpr std::uint64_t kMostField = (1U << 29) - 1;

}  // namespace

std::optional<std::uint64_t> ProtoReader::varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
        const std::uint8_t byte = rest_.front();
        rest_ = rest_.subspan(1);
        const std::uint64_t low = byte & 0x7f;
        if (shift == 63 && low > 1) {
            return bad();
        }
        value |= low << shift;
        if ((byte & 0x80) == 0) {
            return value;
        }
    }
    return bad();
}

std::optional<ProtoField> ProtoReader::next() {
    if (rest_.empty() || !ok_) {
        return std::nullopt;
    }
    const auto key = varint();
    if (!key || *key >> 3 == 0 || *key >> 3 > kMostField) {
        return bad();
    }
    ProtoField field;
    field.number = static_cast<std::uint32_t>(*key >> 3);
    const auto value = varint();
    if (!value) {
        return bad();
    }
    if ((*key & 7) == kVarint) {
        field.value = *value;
        return field;
    }
    if ((*key & 7) != kLength || *value > rest_.size()) {
        return bad();
    }
    field.is_bytes = true;
    field.bytes = rest_.first(*value);
    rest_ = rest_.subspan(*value);
    return field;
}

void put_varint(Bytes& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<std::uint8_t>(value | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<std::uint8_t>(value));
}

void put_number(Bytes& out, std::uint32_t field, std::uint64_t value) {
    put_varint(out, std::uint64_t{field} << 3 | kVarint);
    put_varint(out, value);
}

void put_bytes(Bytes& out, std::uint32_t field, BytesView value) {
    put_varint(out, std::uint64_t{field} << 3 | kLength);
    put_varint(out, value.size());
    out.insert(out.end(), value.begin(), value.end());
}

}  // namespace lamda::ipfs::detail
