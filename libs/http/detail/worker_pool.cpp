#include "http/detail/worker_pool.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>

namespace lamda::http {

namespace {

constexpr std::chrono::seconds kSpareWorkerLives{10};

void join_all(std::list<std::thread>& threads) {
    for (std::thread& thread : threads) {
        thread.join();
    }
    threads.clear();
}

}  // namespace

void WorkerPool::enqueue(std::function<void()> task, Lane lane) {
    const std::lock_guard lock(mutex_);
    if (shutdown_) {
        return;
    }
    (lane == Lane::kLarge ? large_ : small_).push_back(std::move(task));
    const std::size_t large = std::min(large_.size(), most_large_ - std::min(most_large_, running_large_));
    if (small_.size() + large > idle_ && threads_.size() < most_) {
        start_one();
    }
    wake_.notify_one();
}

bool WorkerPool::has_work() const {
    return !small_.empty() || (!large_.empty() && running_large_ < most_large_);
}

void WorkerPool::run_one(std::unique_lock<std::mutex>& lock) {
    // Runs one large task at a time first, so that a stream of small ones does not starve it.
    const bool large =
        !large_.empty() && (running_large_ == 0 || (small_.empty() && running_large_ < most_large_));
    Tasks& tasks = large ? large_ : small_;
    auto task = std::move(tasks.front());
    tasks.pop_front();
    running_large_ += large ? 1 : 0;
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
    running_large_ -= large ? 1 : 0;
}

void WorkerPool::start_one() {
    join_all(ended_);  // they hold no lock and have finished
    threads_.emplace_back();
    const auto self = std::prev(threads_.end());
    try {
        *self = std::thread([this, self] { work(self); });
    } catch (const std::system_error&) {
        threads_.erase(self);  // no more threads available: the running ones continue
        if (threads_.empty()) {
            throw;
        }
    }
}

void WorkerPool::work(Threads::iterator self) {
    std::unique_lock lock(mutex_);
    while (true) {
        ++idle_;
        const bool woken =
            wake_.wait_for(lock, kSpareWorkerLives, [this] { return has_work() || shutdown_; });
        --idle_;
        if (has_work()) {
            run_one(lock);
        } else if (shutdown_ || (!woken && threads_.size() > permanent_)) {
            break;  // the worker of the running large task takes the waiting one next
        }
    }
    ended_.splice(ended_.end(), threads_, self);
    wake_.notify_all();
}

void WorkerPool::shutdown() {
    std::unique_lock lock(mutex_);
    shutdown_ = true;
    wake_.notify_all();
    wake_.wait(lock, [this] { return threads_.empty(); });
    join_all(ended_);
}

}  // namespace lamda::http
