#include "http/socket_limit.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace lamda::http {

namespace {

/// Descriptors for databases, buses, files, and short-lived ones of libraries.
constexpr std::size_t kOthers = 200;

}  // namespace

std::size_t sockets_possible(std::size_t wanted) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return std::min<std::size_t>(wanted, 500);
    }
    const rlim_t needed = std::min<rlim_t>(limit.rlim_max, wanted + kOthers);
    if (limit.rlim_cur < needed) {
        limit.rlim_cur = needed;
        ::setrlimit(RLIMIT_NOFILE, &limit);
        ::getrlimit(RLIMIT_NOFILE, &limit);
    }
    const auto possible = static_cast<std::size_t>(limit.rlim_cur);
    return std::clamp<std::size_t>(possible - std::min(possible, kOthers), 100, wanted);
}

}  // namespace lamda::http
