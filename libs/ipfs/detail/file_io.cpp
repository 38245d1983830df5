#include "ipfs/detail/file_io.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace lamda::ipfs::detail {

void fail_io(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

Bytes read_at(int fd, std::uint64_t offset, std::size_t size, const std::string& path) {
    Bytes out(size);
    std::size_t done = 0;
    while (done < size) {
        const ssize_t got = ::pread(fd, out.data() + done, size - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno != EINTR) {
            fail_io("cannot read " + path);
        }
        if (got == 0) {
            break;
        }
        done += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    out.resize(done);
    return out;
}

void write_at(int fd, std::uint64_t offset, BytesView bytes, const std::string& path) {
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno != EINTR) {
            fail_io("cannot write " + path);
        }
        const std::size_t done = written > 0 ? static_cast<std::size_t>(written) : 0;
        bytes = bytes.subspan(done);
        offset += done;
    }
}

}  // namespace lamda::ipfs::detail
