// Checks if a server accepts clients without a login.
#pragma once

#include <string>

namespace lamda::bus {

enum class LoginCheck {
    kAsked,     ///< every server that answers requires a login
    kNotAsked,  ///< one accepts any client
    kNoAnswer,  ///< no server answers, or the answer is inconclusive (TLS fails, say)
};

/// Connects to each server of the URL once without its login, and disconnects. Takes up to 2 s for each.
/// @param url in the form of parse_servers (bus/server_list.hpp)
/// @throws Refused for a URL that cannot be used
LoginCheck check_login(const std::string& url);

}  // namespace lamda::bus
