// The credentials of a client of the bus: a user JWT and the seed of its NKey, and the file that holds both.
#pragma once

#include <string>

#include "natsauth/nkey.hpp"

namespace lamda::natsauth {

struct Credentials {
    std::string jwt;
    Nkey key;
};

/// The text of a creds file, as the tools of NATS write it. Secret.
std::string to_text(const Credentials& credentials);
/// Reads a creds file. The error never repeats the text. Errors: `invalid_credentials`.
Result<Credentials> parse_credentials(std::string_view text);

}  // namespace lamda::natsauth
