// The network left running: `up` starts it in the background, `status` looks at it, `down` stops it.
#pragma once

#include <string>

#include "localnet/network.hpp"

namespace lamda::devnet {

int up(const localnet::NetworkConfig& config);
int down(const std::string& dir);
int status(const std::string& dir);

}  // namespace lamda::devnet
