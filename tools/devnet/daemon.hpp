// The network as a background process: `up` starts it, `status` shows its parts, `down` stops it.
#pragma once

#include <string>

#include "localnet/network.hpp"

namespace lamda::devnet {

int up(const localnet::NetworkConfig& config);
int down(const std::string& dir);
/// 0 only if all parts are ready; else the last line names the others.
int status(const std::string& dir);
/// True if a network of `up` runs in this folder: another start there would empty the folder.
bool runs(const std::string& dir);

}  // namespace lamda::devnet
