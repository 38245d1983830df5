// Addresses of clients, as limits count them.
#pragma once

#include <string>
#include <string_view>

namespace lamda::http {

/// True for 127.0.0.0/8 and ::1, also as IPv4-mapped IPv6. Such a peer may be a proxy on this machine: it is
/// not limited as one client, and its X-Forwarded-For is believed.
bool is_loopback(std::string_view numeric);

/// The unit that limits are counted by: an IPv4 address, or the /64 of an IPv6 address, of which one client
/// has all. @param numeric anything else is a unit of its own
std::string address_unit(std::string_view numeric);

/// The client behind a connection: the peer; for a peer on loopback the last address of X-Forwarded-For (the
/// one that the proxy itself wrote), if that is an address. @param forwarded the header, or empty
std::string client_address(const std::string& peer, std::string_view forwarded);

}  // namespace lamda::http
