// The agent's own NKey on the bus: made once, kept in the state folder.
#pragma once

#include <string>

#include "natsauth/nkey.hpp"

namespace lamda::agent {

/// Reads the seed, or makes a key and writes its seed, readable by this user only. A file that is no seed of
/// a user NKey is replaced. @throws DiskError
natsauth::Nkey open_login_key(const std::string& path);

}  // namespace lamda::agent
