// Reason phrases of HTTP status codes (RFC 9110, section 15; RFC 6585).
#pragma once

#include <string_view>

namespace lamda::problem {

/// "Status" for a code that is not sent.
std::string_view status_phrase(int status);

}  // namespace lamda::problem
