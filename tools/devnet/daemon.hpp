// The network left running: `up` starts it in the background, `status` looks at it, `down` stops it.
#pragma once

#include <string>

#include "localnet/network.hpp"

namespace lamda::devnet {

int up(const localnet::NetworkConfig& config);
int down(const std::string& dir);
/// 0 only when all parts are ready; else the last line names those that are not.
int status(const std::string& dir);
/// A network that `up` left running in this folder: whoever starts another there would empty it under that
/// one.
bool runs(const std::string& dir);

}  // namespace lamda::devnet
