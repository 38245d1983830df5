// Sets of IP addresses: single addresses and CIDR ranges (RFC 4632).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace lamda::http {

/// Bytes of an IPv6 address; an IPv4 address is the one that is mapped to it (RFC 4291, section 2.5.5.2).
using AddressBytes = std::array<std::uint8_t, 16>;

/// Nothing for a text that is no numeric address.
std::optional<AddressBytes> address_bytes(std::string_view numeric);

struct AddressRange {
    AddressBytes first{};
    unsigned prefix = 128;  ///< bits of `first` that all its addresses share
    bool operator==(const AddressRange&) const = default;

    /// `192.0.2.7`, `10.0.0.0/8`, `::1`, `2001:db8::/32`; no bit after the prefix is set. Errors:
    /// `invalid_address_range`.
    static Result<AddressRange> parse(std::string_view text);
    bool contains(const AddressBytes& address) const;
};

class AddressRanges {
  public:
    AddressRanges() = default;
    explicit AddressRanges(std::vector<AddressRange> ranges) : ranges_(std::move(ranges)) {}
    /// 127.0.0.0/8 and ::1.
    static AddressRanges loopback();
    /// False for a text that is no numeric address.
    bool contain(std::string_view numeric) const;

  private:
    std::vector<AddressRange> ranges_;
};

}  // namespace lamda::http
