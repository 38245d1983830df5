// A block's header out of JSON. Private to this library.
#pragma once

#include "eth/codec/header_hash.hpp"
#include "eth/detail/json_object.hpp"

namespace lamda::eth {

/// What is read of every header.
Header header_of(dom::element element, const At& at);
/// All that its hash is made of. Members that later forks brought may be absent.
HeaderFields header_fields_of(dom::element element, const At& at);
/// For a person who wonders why the hash is another: names of members that no header known here has, if there
/// are some.
std::string unknown_members(dom::element element);

}  // namespace lamda::eth
