#include "http/client_address.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "http/detail/field_list.hpp"

namespace lamda::http {

namespace {

constexpr std::size_t kMappedBytes = 12;
/// Bytes of a /64.
constexpr std::size_t kUnitBytes = 8;

std::string text_of(int family, const void* bytes) {
    std::array<char, INET6_ADDRSTRLEN> out{};
    return ::inet_ntop(family, bytes, out.data(), out.size()) == nullptr ? "" : out.data();
}

bool is_ipv4(const AddressBytes& address) {
    constexpr std::array<std::uint8_t, kMappedBytes> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    return std::equal(kMapped.begin(), kMapped.end(), address.begin());
}

/// Last item of a list without quoting, removed from it.
std::string_view take_last(std::string_view& list) {
    const auto comma = list.rfind(',');
    const auto item = trimmed(comma == std::string_view::npos ? list : list.substr(comma + 1));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
    return item;
}

}  // namespace

std::string address_unit(std::string_view numeric) {
    auto address = address_bytes(numeric);
    if (!address) {
        return std::string(numeric);
    }
    if (is_ipv4(*address)) {
        return text_of(AF_INET, address->data() + kMappedBytes);
    }
    std::fill(address->begin() + kUnitBytes, address->end(), std::uint8_t{0});
    return text_of(AF_INET6, address->data()) + "/64";
}

std::string client_address(const std::string& peer, std::string_view forwarded,
                           const AddressRanges& proxies) {
    std::string client = peer;
    while (!forwarded.empty() && proxies.contain(client)) {
        const auto named = take_last(forwarded);
        if (!address_bytes(named)) {
            break;
        }
        client = named;
    }
    return client;
}

bool is_forwarded_tls(const std::string& peer, std::string_view forwarded_proto,
                      const AddressRanges& proxies) {
    return proxies.contain(peer) && lowercase(take_last(forwarded_proto)) == "https";
}

}  // namespace lamda::http
