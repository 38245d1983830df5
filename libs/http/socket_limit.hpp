// How many sockets the process may have.
#pragma once

#include <cstddef>

namespace lamda::http {

/// Raises the process's limit of descriptors as far as it may be raised, and returns how many connections a
/// server can have beside what else the process opens: `wanted`, or fewer, at least 100.
std::size_t sockets_possible(std::size_t wanted);

}  // namespace lamda::http
