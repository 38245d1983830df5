// Many connections to one port that take and give nothing: a thread of its own, with sockets that never wait.
#pragma once

#include <atomic>
#include <string>
#include <thread>

namespace lamda::bench {

struct CrowdMember {
    std::string sends;       ///< at once after the connection is open; empty: nothing
    std::string repeats;     ///< every 3 s
    bool reads = true;       ///< what comes is thrown away; a closed connection is opened again
    int receive_buffer = 0;  ///< SO_RCVBUF in bytes; 0: the kernel's choice
};

class HostileCrowd {
  public:
    HostileCrowd(int port, std::size_t count, CrowdMember member);
    ~HostileCrowd();
    HostileCrowd(const HostileCrowd&) = delete;
    HostileCrowd& operator=(const HostileCrowd&) = delete;

  private:
    void run(int port, std::size_t count, const CrowdMember& member);
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace lamda::bench
