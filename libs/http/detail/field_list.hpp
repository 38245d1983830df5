// Lists in header fields (RFC 9110, section 5.6.1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lamda::http {

/// A letter A to Z in lowercase, any other character unchanged.
constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
std::string lowercase(std::string_view text);
/// Without the spaces and tabs around it.
std::string_view trimmed(std::string_view text);
/// Items between commas, trimmed, without empty ones. A comma inside double quotes separates nothing.
std::vector<std::string_view> list_items(std::string_view field);

}  // namespace lamda::http
