// Client addresses in the form that limits count.
#pragma once

#include <string>
#include <string_view>

namespace lamda::http {

/// True for 127.0.0.0/8 and ::1, also as IPv4-mapped IPv6. Such a peer may be a proxy on this machine: it is
/// not limited as one client, and its X-Forwarded-For is trusted.
bool is_loopback(std::string_view numeric);

/// Unit of counting for limits: an IPv4 address, or the /64 of an IPv6 address, which one client owns
/// entirely.
/// @param numeric any other text is a unit of its own
std::string address_unit(std::string_view numeric);

/// Client behind a connection: the peer; for a peer on loopback the last address of X-Forwarded-For (added by
/// the proxy itself), if it is an address. @param forwarded the header, or empty
std::string client_address(const std::string& peer, std::string_view forwarded);

}  // namespace lamda::http
