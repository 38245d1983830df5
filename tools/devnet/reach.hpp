// Whether somebody listens at an address.
#pragma once

#include <string>

namespace lamda::devnet {

/// @param address `scheme://[user@]127.0.0.1:port[/…]` or `unix:///path`; anything else (a contract's
/// address) is no place to listen at and counts as reached
bool reachable(const std::string& address);

}  // namespace lamda::devnet
