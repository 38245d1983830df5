// Reason phrases of HTTP status codes.
#pragma once

#include <string_view>

namespace lamda::http {

std::string_view status_phrase(int status);

}  // namespace lamda::http
