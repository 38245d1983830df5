// Pool of idle libcurl handles. Private to this library.
#pragma once

#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace lamda::net {

/// Idle handles. A handle is used by one thread at a time, and libcurl shares nothing between handles. The
/// last one returned is taken first, because its connections are the freshest.
template <class Handle>
class Pool {
  public:
    template <class Make>
    Handle take(Make make) {
        {
            const std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                Handle out = std::move(idle_.back());
                idle_.pop_back();
                return out;
            }
        }
        Handle out(make());
        if (!out) {
            throw std::bad_alloc();
        }
        return out;
    }
    void give_back(Handle handle) {
        const std::lock_guard lock(mutex_);
        if (idle_.size() < kMaxIdle) {
            idle_.push_back(std::move(handle));
        }
    }

  private:
    static constexpr std::size_t kMaxIdle = 64;
    std::mutex mutex_;
    std::vector<Handle> idle_;
};

/// Takes a handle from a pool and returns it, unless it is discarded.
template <class Handle>
class Loan {
  public:
    template <class Make>
    Loan(Pool<Handle>& pool, Make make) : pool_(pool), handle_(pool.take(make)) {}
    ~Loan() {
        if (keep_) {
            pool_.give_back(std::move(handle_));
        }
    }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    auto* get() const { return handle_.get(); }
    void discard() { keep_ = false; }

  private:
    Pool<Handle>& pool_;
    Handle handle_;
    bool keep_ = true;
};

}  // namespace lamda::net
