#include "eth/codec/rlp.hpp"

namespace lamda::eth::rlp {
namespace {

constexpr std::size_t kMaxDepth = 16;

void put_header(Bytes& out, std::size_t size, std::uint8_t short_base) {
    if (size <= 55) {
        out.push_back(static_cast<std::uint8_t>(short_base + size));
        return;
    }
    Bytes length;
    for (std::size_t rest = size; rest != 0; rest >>= 8) {
        length.insert(length.begin(), static_cast<std::uint8_t>(rest & 0xff));
    }
    out.push_back(static_cast<std::uint8_t>(short_base + 55 + length.size()));
    out.insert(out.end(), length.begin(), length.end());
}

void put(Bytes& out, const Item& item) {
    if (!item.is_list()) {
        const Bytes& bytes = item.bytes();
        if (bytes.size() != 1 || bytes[0] >= 0x80) {
            put_header(out, bytes.size(), 0x80);
        }
        out.insert(out.end(), bytes.begin(), bytes.end());
        return;
    }
    Bytes payload;
    for (const Item& member : item.list()) {
        put(payload, member);
    }
    put_header(out, payload.size(), 0xc0);
    out.insert(out.end(), payload.begin(), payload.end());
}

/// Reads items of `data` from `at`; stops at the first fault.
class Reader {
  public:
    explicit Reader(BytesView data) : data_(data) {}

    bool read(Item& out, std::size_t end, std::size_t depth) {
        if (at_ >= end) {
            return fail("an item is missing");
        }
        const std::uint8_t first = data_[at_];
        if (first < 0x80) {
            out.content = Bytes{first};
            ++at_;
            return true;
        }
        const bool is_list = first >= 0xc0;
        std::size_t size = 0;
        if (!read_header(first, is_list ? 0xc0 : 0x80, end, size)) {
            return false;
        }
        if (is_list) {
            return read_list(out, at_ + size, depth);
        }
        if (size == 1 && data_[at_] < 0x80) {
            return fail("a single byte below 0x80 has no header in canonical form");
        }
        const auto begin = data_.begin() + static_cast<std::ptrdiff_t>(at_);
        out.content = Bytes(begin, begin + static_cast<std::ptrdiff_t>(size));
        at_ += size;
        return true;
    }

    std::size_t at() const { return at_; }
    Error error() const { return {"invalid_rlp", what_, "offset " + std::to_string(at_)}; }

  private:
    bool fail(const char* what) {
        what_ = what;
        return false;
    }

    bool read_header(std::uint8_t first, std::uint8_t base, std::size_t end, std::size_t& size) {
        const std::size_t code = static_cast<std::size_t>(first - base);
        std::size_t header = 1;
        size = code;
        if (code > 55) {
            const std::size_t digits = code - 55;
            if (end - at_ <= digits) {
                return fail("the length is cut off");
            }
            if (data_[at_ + 1] == 0) {
                return fail("a length has no leading zero in canonical form");
            }
            size = 0;
            for (std::size_t i = 0; i < digits; ++i) {
                size = size << 8 | data_[at_ + 1 + i];
            }
            if (size <= 55) {
                return fail("a length up to 55 is in the first byte in canonical form");
            }
            header += digits;
        }
        if (size > end - at_ - header) {
            return fail("longer than the enclosing item");
        }
        at_ += header;
        return true;
    }

    bool read_list(Item& out, std::size_t end, std::size_t depth) {
        if (depth == kMaxDepth) {
            return fail("nested too deeply");
        }
        std::vector<Item> members;
        while (at_ < end) {
            Item member;
            if (!read(member, end, depth + 1)) {
                return false;
            }
            members.push_back(std::move(member));
        }
        out.content = std::move(members);
        return true;
    }

    BytesView data_;
    std::size_t at_ = 0;
    const char* what_ = "";
};

}  // namespace

Item string(BytesView bytes) {
    return Item{Bytes(bytes.begin(), bytes.end())};
}
Item integer(const U256& value) {
    return Item{to_be_minimal(value)};
}
Item list(std::vector<Item> items) {
    return Item{std::move(items)};
}

Bytes encode(const Item& item) {
    Bytes out;
    put(out, item);
    return out;
}

Result<Item> decode(BytesView bytes) {
    Reader reader(bytes);
    Item out;
    if (!reader.read(out, bytes.size(), 0)) {
        return reader.error();
    }
    if (reader.at() != bytes.size()) {
        return Error{"invalid_rlp", "bytes after the item", "offset " + std::to_string(reader.at())};
    }
    return out;
}

}  // namespace lamda::eth::rlp
