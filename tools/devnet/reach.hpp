// Check for a listener at an address.
#pragma once

#include <string>

namespace lamda::devnet {

/// True if a connection succeeds.
/// @param address `scheme://[user@]127.0.0.1:port[/…]` or `unix:///path`; any other text (a contract's
/// address) counts as reachable
bool reachable(const std::string& address);

}  // namespace lamda::devnet
