// Disk space that a folder's content is charged for.
#pragma once

#include <cstdint>
#include <limits>
#include <stop_token>
#include <string>

namespace lamda::agent {

/// Minimum for a file, folder, link or other entry: an inode and a block. File sizes are rounded up to
/// multiples. Sparse files count with their size, hard links with each name, as they are stored.
inline constexpr std::uint64_t kEntryBytes = 4'096;

/// Maximum depth of nested folders; a deeper tree counts as more than `most`.
inline constexpr unsigned kDeepestFolder = 256;

/// Bytes of all entries below `path`, without following links; 0 if `path` is not a folder. Stops above
/// `most`, which bounds the time. After a stop request: bytes of the entries seen until then. Entries that
/// are removed during the count are left out.
std::uint64_t disk_cost(const std::string& path,
                        std::uint64_t most = std::numeric_limits<std::uint64_t>::max() / 2,
                        const std::stop_token& stop = {});

}  // namespace lamda::agent
