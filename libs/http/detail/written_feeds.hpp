// WrittenFeeds: the connections whose feeds were written, from the writers' threads to the watching thread.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace lamda::http {

/// Thread-safe. Writers share it: it may outlive the watcher.
class WrittenFeeds {
  public:
    WrittenFeeds() : event_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    ~WrittenFeeds() { ::close(event_fd_); }
    WrittenFeeds(const WrittenFeeds&) = delete;
    WrittenFeeds& operator=(const WrittenFeeds&) = delete;

    /// Readable while something waits for take(), or after wake(). Negative: the system has no more.
    int event_fd() const { return event_fd_; }
    void add(std::uint64_t connection) {
        {
            const std::lock_guard lock(mutex_);
            connections_.push_back(connection);
            if (connections_.size() > 1) {
                return;  // the watching thread has been woken
            }
        }
        wake();
    }
    void wake() const {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(event_fd_, &one, sizeof(one));
    }
    std::vector<std::uint64_t> take() {
        const std::lock_guard lock(mutex_);
        std::uint64_t count = 0;
        [[maybe_unused]] const auto got = ::read(event_fd_, &count, sizeof(count));
        return std::exchange(connections_, {});
    }

  private:
    int event_fd_;
    std::mutex mutex_;
    std::vector<std::uint64_t> connections_;
};

}  // namespace lamda::http
