// A folder in memory, for tests with secrets or with very many files.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace lamda::testkit {

/// A private folder on a tmpfs, removed at the end.
struct MemoryDir {
    MemoryDir() : path(::mkdtemp(std::string("/dev/shm/lamda-test-XXXXXX").data())) {}
    ~MemoryDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    MemoryDir(const MemoryDir&) = delete;
    MemoryDir& operator=(const MemoryDir&) = delete;
    std::string path;
};

}  // namespace lamda::testkit
