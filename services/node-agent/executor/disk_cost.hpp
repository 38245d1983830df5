// The disk space that a folder's content counts for.
#pragma once

#include <cstdint>
#include <limits>
#include <stop_token>
#include <string>

namespace lamda::agent {

/// The least that a file, folder, link or other entry counts for: an inode and a block. File sizes are
/// rounded up to it. Sparse files count by their size, hard links by each name: that is how they are stored.
inline constexpr std::uint64_t kEntryBytes = 4'096;

/// Folders below each other; a tree that is deeper counts as more than `most`.
inline constexpr unsigned kDeepestFolder = 256;

/// Bytes of all entries below `path`, links not followed; 0 when it is no folder. Stops at more than `most`,
/// so that the time is bounded by `most`, whatever lies there. After a stop was requested: of the entries
/// seen until then. Entries that vanish meanwhile are left out.
std::uint64_t disk_cost(const std::string& path,
                        std::uint64_t most = std::numeric_limits<std::uint64_t>::max() / 2,
                        const std::stop_token& stop = {});

}  // namespace lamda::agent
