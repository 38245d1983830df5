// Client addresses in the form that limits count.
#pragma once

#include <string>
#include <string_view>

#include "http/address_ranges.hpp"

namespace lamda::http {

/// Unit of counting for limits: an IPv4 address, or the /64 of an IPv6 address, which one client owns
/// entirely.
/// @param numeric any other text is a unit of its own
std::string address_unit(std::string_view numeric);

/// Client behind a connection: the peer; for a peer in `proxies` the rightmost address of X-Forwarded-For
/// that is no proxy itself. What is left of that address was written by the client. @param forwarded the
/// header, or empty; the search ends at the first item from the right that is no address
std::string client_address(const std::string& peer, std::string_view forwarded, const AddressRanges& proxies);

/// True if a peer in `proxies` received the request over TLS: the last item of X-Forwarded-Proto is `https`.
bool is_forwarded_tls(const std::string& peer, std::string_view forwarded_proto,
                      const AddressRanges& proxies);

}  // namespace lamda::http
