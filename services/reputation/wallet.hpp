// The admin wallet: its key from the environment or from a key file.
#pragma once

#include <memory>

#include "config.hpp"
#include "crypto/signer.hpp"

namespace lamda::reputation {

/// @throws runtime::ConfigError that names the setting and never the key
std::unique_ptr<crypto::Signer> open_wallet(const Config& config);

}  // namespace lamda::reputation
