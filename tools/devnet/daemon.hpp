// The network as a background process: `up` starts it, `status` shows its parts, `down` stops it.
#pragma once

#include <string>

#include "localnet/network.hpp"

namespace lamda::devnet {

/// Returns the absolute path of a network's folder, without a separator at its end: servers and services run
/// in folders of their own, and the record of a running network is the file `<folder>.json`.
/// @param given the value of --dir, relative to the present folder
std::string network_folder(const std::string& given);

int up(const localnet::NetworkConfig& config);
int down(const std::string& dir);
/// 0 only if all parts are ready; else the last line names the others.
int status(const std::string& dir);
/// True if a network of `up` runs in this folder: another start there would empty the folder.
bool runs(const std::string& dir);

}  // namespace lamda::devnet
