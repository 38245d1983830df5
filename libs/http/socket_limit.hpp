// Limit of the process's sockets.
#pragma once

#include <cstddef>

namespace lamda::http {

/// Raises the process's limit of descriptors as far as allowed. Returns how many connections a server can
/// have in addition to the other descriptors: `wanted`, or fewer, at least 100.
std::size_t sockets_possible(std::size_t wanted);

}  // namespace lamda::http
