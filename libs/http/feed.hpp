// Feed: the rest of an answer that is written bit by bit, by any thread, while the client reads. Holds no
// worker.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace lamda::http {

/// Bytes that several feeds send: stored once, whatever the number of slow clients.
using SharedBytes = std::shared_ptr<const std::string>;

/// The writer and the server share it. Thread-safe. The server sends at once what was written.
class Feed {
  public:
    /// Unsent bytes above which write() refuses more, and the most that the server takes at a time.
    static constexpr std::size_t kMostWaiting = 256U << 10;

    /// Appends to the answer. False: nothing was taken, because kMostWaiting bytes wait for the client; write
    /// later.
    bool write(SharedBytes bytes) { return append(std::move(bytes), Limit::kMostWaiting, false); }
    bool write(std::string_view bytes) { return write(std::make_shared<const std::string>(bytes)); }
    /// Appends bytes whatever waits: for a beginning of bounded size.
    void push(SharedBytes bytes) { append(std::move(bytes), Limit::kNone, false); }
    /// Appends the last bytes, whatever waits, and ends the answer after them.
    void end(std::string_view last = {}) {
        append(std::make_shared<const std::string>(last), Limit::kNone, true);
    }
    /// True if write() would take nothing now.
    bool full() const {
        const std::lock_guard lock(mutex_);
        return size_ >= kMostWaiting;
    }
    /// True once the client has gone: nothing is sent any more.
    bool closed() const {
        const std::lock_guard lock(mutex_);
        return closed_;
    }

    /// Sets what gets the bytes that the client sends after its request; without it they are discarded.
    /// Called on the server's watching thread: must not block. Before the answer is returned only.
    void on_input(std::function<void(std::string_view)> input) { input_ = std::move(input); }

    /// Sets what is called when the server has taken bytes, so that write() takes more, and once the client
    /// has gone. Called on a thread of the server: must not block. Before the answer is returned only.
    void on_taken(std::function<void()> taken) {
        taken_ = std::make_shared<const std::function<void()>>(std::move(taken));
    }

    // ---- for the server

    bool wants_input() const { return static_cast<bool>(input_); }
    void deliver(std::string_view bytes) const { input_(bytes); }

    struct Taken {
        std::string bytes;
        bool ended = false;  ///< nothing follows
    };
    Taken take() {
        Taken out = take_waiting();
        if (!out.bytes.empty() && !out.ended && taken_ != nullptr) {
            (*taken_)();
        }
        return out;
    }
    /// True if take() would return something.
    bool has_more() const {
        const std::lock_guard lock(mutex_);
        return !waiting_.empty() || ended_;
    }
    /// Sets what is called when bytes arrive in an empty feed, and at its end: from the writer's thread,
    /// without the feed's lock.
    void on_written(std::function<void()> wake) {
        const std::lock_guard lock(mutex_);
        wake_ = std::make_shared<const std::function<void()>>(std::move(wake));
    }
    void close() {
        {
            const std::lock_guard lock(mutex_);
            if (std::exchange(closed_, true)) {
                return;
            }
            waiting_ = {};
            size_ = 0;
            wake_ = nullptr;
        }
        // The callback may hold this feed: it is dropped after its last call.
        if (const auto taken = std::exchange(taken_, nullptr)) {
            (*taken)();
        }
    }

  private:
    enum class Limit { kMostWaiting, kNone };

    Taken take_waiting() {
        const std::lock_guard lock(mutex_);
        Taken out;
        while (!waiting_.empty() && (out.bytes.empty() || out.bytes.size() < kMostWaiting / 4)) {
            out.bytes += *waiting_.front();
            waiting_.pop_front();
        }
        size_ -= out.bytes.size();
        if (waiting_.empty()) {
            waiting_.shrink_to_fit();  // most feeds are empty most of the time
        }
        out.ended = ended_ && waiting_.empty();
        return out;
    }

    bool append(SharedBytes bytes, Limit limit, bool last) {
        std::shared_ptr<const std::function<void()>> wake;
        {
            const std::lock_guard lock(mutex_);
            if (closed_ || ended_) {
                return true;  // no client reads them
            }
            if (limit == Limit::kMostWaiting && size_ >= kMostWaiting) {
                return false;
            }
            wake = waiting_.empty() || last ? wake_ : nullptr;
            ended_ = last;
            size_ += bytes->size();
            waiting_.push_back(std::move(bytes));
        }
        if (wake != nullptr) {
            (*wake)();
        }
        return true;
    }

    std::function<void(std::string_view)> input_;
    std::shared_ptr<const std::function<void()>>
        taken_;  ///< of the server's threads once the answer is returned
    mutable std::mutex mutex_;
    std::deque<SharedBytes> waiting_;
    std::size_t size_ = 0;  ///< bytes of `waiting_`
    bool ended_ = false;
    bool closed_ = false;
    std::shared_ptr<const std::function<void()>> wake_;
};

}  // namespace lamda::http
