#include "core/ids.hpp"

#include <sys/random.h>

#include <cerrno>
#include <system_error>

namespace lamda {
namespace {

void fill_random(std::uint8_t* out, std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
        const auto n = getrandom(out + done, size - done, 0);
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            throw std::system_error(errno, std::generic_category(), "getrandom");
        }
        done += static_cast<std::size_t>(n);
    }
}

}  // namespace

Bytes32 random_bytes32() {
    Bytes32 out;
    fill_random(out.array().data(), Bytes32::kSize);
    return out;
}

std::string random_id() {
    std::array<std::uint8_t, 16> bytes{};
    fill_random(bytes.data(), bytes.size());
    return to_hex_bare(bytes);
}

}  // namespace lamda
