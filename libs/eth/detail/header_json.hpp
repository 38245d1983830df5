// Reads a block's header from JSON. Private to this library.
#pragma once

#include "eth/codec/header_hash.hpp"
#include "eth/detail/json_object.hpp"

namespace lamda::eth {

/// The fields that are read from every header.
Header header_of(dom::element element, const At& at);
/// All hashed fields. Members added by later forks may be absent.
HeaderFields header_fields_of(dom::element element, const At& at);
/// Names the members that are unknown here, to explain a hash that differs; empty if all are known.
std::string unknown_members(dom::element element);

}  // namespace lamda::eth
