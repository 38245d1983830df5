#include "http/address_ranges.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace lamda::http {

namespace {

constexpr AddressBytes kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr unsigned kMappedBits = 96;
constexpr unsigned kAllBits = 128;

bool is_mapped(const AddressBytes& address) {
    return std::equal(address.begin(), address.begin() + kMappedBits / 8, kMapped.begin());
}

/// True if `a` and `b` have the same first bits.
bool share(const AddressBytes& a, const AddressBytes& b, unsigned bits) {
    const unsigned whole = bits / 8;
    if (!std::equal(a.begin(), a.begin() + whole, b.begin())) {
        return false;
    }
    const unsigned rest = bits % 8;
    return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

/// `first` with every bit after the prefix cleared.
AddressBytes cleared(AddressBytes first, unsigned prefix) {
    for (unsigned bit = prefix; bit < kAllBits; ++bit) {
        first[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
    }
    return first;
}

}  // namespace

std::optional<AddressBytes> address_bytes(std::string_view numeric) {
    const std::string text(numeric);
    AddressBytes out = kMapped;
    if (::inet_pton(AF_INET, text.c_str(), out.data() + kMappedBits / 8) == 1 ||
        ::inet_pton(AF_INET6, text.c_str(), out.data()) == 1) {
        return out;
    }
    return std::nullopt;
}

Result<AddressRange> AddressRange::parse(std::string_view text) {
    const Error bad{
        "invalid_address_range",
        "an address, or a range such as 10.0.0.0/8 or 2001:db8::/32 with no bit set after the prefix", ""};
    const auto slash = text.find('/');
    const auto address = address_bytes(text.substr(0, slash));
    if (!address) {
        return bad;
    }
    AddressRange out{*address, kAllBits};
    if (slash != std::string_view::npos) {
        const bool four = text.substr(0, slash).find(':') == std::string_view::npos;
        const auto digits = text.substr(slash + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.prefix);
        if (error != std::errc() || end != digits.data() + digits.size() ||
            out.prefix > (four ? 32U : kAllBits)) {
            return bad;
        }
        out.prefix += four ? kMappedBits : 0;
    }
    return cleared(out.first, out.prefix) == out.first ? Result<AddressRange>(out) : bad;
}

bool AddressRange::contains(const AddressBytes& address) const {
    // An IPv4 address is in a range of IPv4 addresses only: `::/0` names all of IPv6.
    return share(first, address, prefix) && (prefix >= kMappedBits || !is_mapped(address));
}

AddressRanges AddressRanges::loopback() {
    AddressRange four{kMapped, kMappedBits + 8};
    four.first[12] = 127;
    AddressRange six;
    six.first[15] = 1;
    return AddressRanges({four, six});
}

bool AddressRanges::contain(std::string_view numeric) const {
    const auto address = address_bytes(numeric);
    return address && std::any_of(ranges_.begin(), ranges_.end(),
                                  [&](const AddressRange& range) { return range.contains(*address); });
}

}  // namespace lamda::http
