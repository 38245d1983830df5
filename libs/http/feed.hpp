// Feed: the rest of an answer that is written bit by bit, by any thread, while the client reads. Holds no
// worker.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace lamda::http {

/// The writer and the server share it. Thread-safe. The server sends what was written within about a tenth of
/// a second.
class Feed {
  public:
    /// Unsent bytes above which write() refuses more.
    static constexpr std::size_t kMostWaiting = 256U << 10;

    /// Appends to the answer. False: nothing was taken, because kMostWaiting bytes wait for the client; write
    /// later.
    bool write(std::string_view bytes) {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() >= kMostWaiting) {
            return false;
        }
        waiting_.append(bytes);
        return true;
    }
    /// Ends the answer after the written bytes.
    void end() {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    /// True once the client has gone: nothing is sent any more.
    bool closed() const {
        const std::lock_guard lock(mutex_);
        return closed_;
    }

    // ---- for the server

    struct Taken {
        std::string bytes;
        bool ended = false;  ///< nothing follows
    };
    Taken take() {
        const std::lock_guard lock(mutex_);
        return {std::exchange(waiting_, {}), ended_};
    }
    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        waiting_ = {};
    }

  private:
    mutable std::mutex mutex_;
    std::string waiting_;
    bool ended_ = false;
    bool closed_ = false;
};

}  // namespace lamda::http
