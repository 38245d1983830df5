// Damage to a file, as a failing disk does it.
#pragma once

#include <fstream>
#include <stdexcept>
#include <string>

namespace lamda::testkit {

/// Flips one bit of the file. @param place of the byte, from the start of the file
/// @throws std::runtime_error if the file cannot be changed there
inline void flip_bit(const std::string& path, std::uint64_t place, unsigned bit) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(place));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(place));
    file.put(static_cast<char>(byte ^ (1 << bit)));
    if (!file.flush()) {
        throw std::runtime_error("cannot flip a bit of " + path);
    }
}

}  // namespace lamda::testkit
