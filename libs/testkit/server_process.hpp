// Functions shared by the servers: waiting with the log's end in the error, and loopback connections.
#pragma once

#include <functional>
#include <string>

#include "testkit/process.hpp"

namespace lamda::testkit {

/// The last `lines` lines of a file; empty if it does not exist.
std::string tail_of(const std::string& path, std::size_t lines = 15);

/// Waits until `ready`, watching the process. @throws std::runtime_error with the log's last lines if the
/// process ends, or after `timeout`
void wait_ready(const std::string& name, Process& process, const std::string& log,
                const std::function<bool()>& ready, Millis timeout = Millis(120'000));

bool accepts_connections(int port);
bool accepts_connections(const std::string& unix_socket);

struct PlainAnswer {
    int status = 0;
    std::string body;
};
/// One HTTP/1.0 exchange on its own connection, to 127.0.0.1:<port> or to a unix socket (if not empty).
/// Independent of libs/net, whose tests use these servers. @throws std::runtime_error
PlainAnswer plain_http(const std::string& method, int port, const std::string& unix_socket,
                       const std::string& path, const std::string& content_type, const std::string& body);

}  // namespace lamda::testkit
