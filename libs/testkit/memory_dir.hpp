// A folder in memory, for tests with secrets or with very many files.
#pragma once

#include <cstdint>
#include <string>

namespace lamda::testkit {

/// A private folder on a tmpfs, removed at the end. The next one that is made removes those of processes that
/// were killed.
struct MemoryDir {
    /// @throws std::system_error
    MemoryDir();
    ~MemoryDir();
    MemoryDir(const MemoryDir&) = delete;
    MemoryDir& operator=(const MemoryDir&) = delete;
    /// True if the tmpfs has room for `bytes`.
    static bool has_room(std::uintmax_t bytes);
    std::string path;
};

}  // namespace lamda::testkit
