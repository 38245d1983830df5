#include "services/node-agent/executor/docker/host_lookup.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace lamda::agent {

std::vector<std::string> look_up_host(const std::string& host) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* answers = nullptr;
    if (const int failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &answers); failure != 0) {
        throw std::runtime_error("cannot look up " + host + ": " + ::gai_strerror(failure));
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(answers, &::freeaddrinfo);
    std::vector<std::string> out;
    for (const addrinfo* one = answers; one != nullptr; one = one->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0,
                          NI_NUMERICHOST) == 0) {
            out.emplace_back(text.data());
        }
    }
    if (out.empty()) {
        throw std::runtime_error("cannot look up " + host + ": no address");
    }
    return out;
}

}  // namespace lamda::agent
