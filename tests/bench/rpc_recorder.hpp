// A proxy between a service and its node that forwards every byte and records the requests.
#pragma once

#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace lamda::bench {

class RpcRecorder {
  public:
    /// @param port the node's, on 127.0.0.1
    explicit RpcRecorder(int port);
    ~RpcRecorder();
    RpcRecorder(const RpcRecorder&) = delete;
    RpcRecorder& operator=(const RpcRecorder&) = delete;

    std::string url() const;
    struct Recording {
        std::vector<std::string> bodies;  ///< request bodies, in order of each connection
        std::size_t connections = 0;      ///< number of connections with requests
    };
    /// All requests so far.
    Recording recording() const;

  private:
    struct Connection {
        int client;
        int node;
        std::string asked;  ///< guarded by the mutex
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
