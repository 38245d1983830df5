// Whether a server lets in clients without a login.
#pragma once

#include <string>

namespace lamda::bus {

enum class LoginCheck {
    kAsked,     ///< every server that answers asks for a login
    kNotAsked,  ///< one lets in whoever connects
    kNoAnswer,  ///< no server answers, or what answers cannot be judged (TLS fails, say)
};

/// Connects to each server of the URL once without its login, and leaves at once. Takes up to 2 s for each.
/// @param url as parse_servers reads it (bus/server_list.hpp)
/// @throws Refused for a URL that cannot be used
LoginCheck check_login(const std::string& url);

}  // namespace lamda::bus
