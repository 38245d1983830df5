// Request bodies: strict JSON objects (no duplicate keys, no floats). @throws http::Problem
#pragma once

#include <map>
#include <string>
#include <vector>

#include "http/message.hpp"

namespace lamda::views {

/// The members of the body, each in canonical form; an unknown or missing one is a mistake at its pointer.
std::map<std::string, std::string> members_of(const http::Request& request,
                                              const std::vector<std::string>& required,
                                              const std::vector<std::string>& optional = {});
/// The text of a JSON string; a mistake at the pointer otherwise.
std::string string_of(const std::string& json, const std::string& pointer);
/// RFC 6901: the JSON pointer to a member of the body.
std::string pointer_to(const std::string& key);
/// The body's members as text: strings as they are, numbers and booleans as JSON writes them.
std::multimap<std::string, std::string> scalars_of(const http::Request& request);

}  // namespace lamda::views
