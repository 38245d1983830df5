// Many connections to one port that stall or flood it, from one thread with non-blocking sockets.
#pragma once

#include <atomic>
#include <string>
#include <thread>

namespace lamda::bench {

struct CrowdMember {
    std::string sends;       ///< sent when the connection opens; empty: nothing
    std::string repeats;     ///< sent every 3 s
    bool reads = true;       ///< discards what it reads; opens a closed connection again
    int receive_buffer = 0;  ///< SO_RCVBUF in bytes; 0: the kernel's default
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
