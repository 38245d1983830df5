// Decompression of gzip, for tests.
#pragma once

#include <zlib.h>

#include <stdexcept>
#include <string>

namespace lamda::http {

/// @throws std::runtime_error if the bytes are not one complete gzip member
inline std::string gunzip(const std::string& bytes) {
    z_stream stream{};
    if (::inflateInit2(&stream, 15 + 16) != Z_OK) {
        throw std::runtime_error("zlib");
    }
    std::string in = bytes;
    std::string out(16U << 20, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int result = ::inflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    ::inflateEnd(&stream);
    if (result != Z_STREAM_END || stream.avail_in != 0) {
        throw std::runtime_error("not one complete gzip member");
    }
    return out;
}

}  // namespace lamda::http
