// Positioned reads and writes of whole ranges. Internal to ipfs.
#pragma once

#include <cstdint>
#include <string>

#include "core/bytes.hpp"

namespace lamda::ipfs::detail {

/// Throws std::system_error with errno.
[[noreturn]] void fail_io(const std::string& what);

/// The bytes at the offset; fewer if the file ends before. @throws std::system_error
Bytes read_at(int fd, std::uint64_t offset, std::size_t size, const std::string& path);
/// @throws std::system_error
void write_at(int fd, std::uint64_t offset, BytesView bytes, const std::string& path);

}  // namespace lamda::ipfs::detail
