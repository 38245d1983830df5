#include "http/client_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

namespace lamda::http {

namespace {

using V4 = std::array<unsigned char, 4>;
using V6 = std::array<unsigned char, 16>;

std::string text_of(int family, const void* bytes) {
    std::array<char, INET6_ADDRSTRLEN> out{};
    return ::inet_ntop(family, bytes, out.data(), out.size()) == nullptr ? "" : out.data();
}

/// Converts an IPv4-mapped address to its IPv4 address.
std::optional<V4> ipv4_of(const std::string& text) {
    V4 four{};
    if (::inet_pton(AF_INET, text.c_str(), four.data()) == 1) {
        return four;
    }
    V6 six{};
    constexpr V6 kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (::inet_pton(AF_INET6, text.c_str(), six.data()) == 1 &&
        std::equal(six.begin(), six.begin() + 12, kMapped.begin())) {
        std::copy(six.begin() + 12, six.end(), four.begin());
        return four;
    }
    return std::nullopt;
}

std::optional<V6> ipv6_of(const std::string& text) {
    V6 six{};
    return ::inet_pton(AF_INET6, text.c_str(), six.data()) == 1 ? std::optional(six) : std::nullopt;
}

}  // namespace

bool is_loopback(std::string_view numeric) {
    const std::string text(numeric);
    if (const auto four = ipv4_of(text)) {
        return (*four)[0] == 127;
    }
    const auto six = ipv6_of(text);
    return six && (*six)[15] == 1 &&
           std::all_of(six->begin(), six->end() - 1, [](unsigned char byte) { return byte == 0; });
}

std::string address_unit(std::string_view numeric) {
    const std::string text(numeric);
    if (const auto four = ipv4_of(text)) {
        return text_of(AF_INET, four->data());
    }
    if (auto six = ipv6_of(text)) {
        std::fill(six->begin() + 8, six->end(), static_cast<unsigned char>(0));
        return text_of(AF_INET6, six->data()) + "/64";
    }
    return text;
}

std::string client_address(const std::string& peer, std::string_view forwarded) {
    if (!is_loopback(peer)) {
        return peer;
    }
    const auto comma = forwarded.rfind(',');
    std::string_view last = comma == std::string_view::npos ? forwarded : forwarded.substr(comma + 1);
    last.remove_prefix(std::min(last.find_first_not_of(' '), last.size()));
    last = last.substr(0, last.find(' '));
    const std::string text(last);
    return ipv4_of(text) || ipv6_of(text) ? text : peer;
}

}  // namespace lamda::http
