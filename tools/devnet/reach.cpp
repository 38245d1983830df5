#include "tools/devnet/reach.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

namespace lamda::devnet {
namespace {

bool connects(int family, const sockaddr* where, socklen_t size) {
    const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    const bool done = ::connect(fd, where, size) == 0;
    ::close(fd);
    return done;
}

bool reach_unix(const std::string& path) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    if (path.size() >= sizeof where.sun_path) {
        return false;
    }
    std::memcpy(where.sun_path, path.data(), path.size());
    return connects(AF_UNIX, reinterpret_cast<const sockaddr*>(&where), sizeof where);
}

}  // namespace

bool reachable(const std::string& address) {
    const std::size_t mark = address.find("://");
    if (mark == std::string::npos) {
        return true;
    }
    std::string rest = address.substr(mark + 3);
    if (address.starts_with("unix://")) {
        return reach_unix(rest);
    }
    rest = rest.substr(0, rest.find('/'));
    rest = rest.substr(rest.find('@') == std::string::npos ? 0 : rest.find('@') + 1);
    const std::size_t colon = rest.rfind(':');
    std::uint16_t port = 0;
    if (colon != std::string::npos) {
        std::from_chars(rest.data() + colon + 1, rest.data() + rest.size(), port);
    }
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    // All parts of the network listen on loopback.
    return port != 0 && ::inet_pton(AF_INET, rest.substr(0, colon).c_str(), &where.sin_addr) == 1 &&
           connects(AF_INET, reinterpret_cast<const sockaddr*>(&where), sizeof where);
}

}  // namespace lamda::devnet
