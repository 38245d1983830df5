// Stands between a service and its node, passes every byte on, and keeps what the service asked.
#pragma once

#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace lamda::bench {

class RpcRecorder {
  public:
    /// @param port of the node, on 127.0.0.1
    explicit RpcRecorder(int port);
    ~RpcRecorder();
    RpcRecorder(const RpcRecorder&) = delete;
    RpcRecorder& operator=(const RpcRecorder&) = delete;

    std::string url() const;
    struct Recording {
        std::vector<std::string> bodies;  ///< of the requests, by connection and in their order
        std::size_t connections = 0;      ///< that carried any
    };
    /// Everything so far.
    Recording recording() const;

  private:
    struct Connection {
        int client;
        int node;
        std::string asked;  ///< under the mutex
        std::thread thread;
    };
    void accept_all();
    void pump(Connection& connection);

    int node_port_;
    int listener_ = -1;
    int port_ = 0;
    mutable std::mutex mutex_;
    std::list<Connection> connections_;
    std::thread acceptor_;
};

}  // namespace lamda::bench
