#include "http/worker_pool.hpp"

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

void WorkerPool::enqueue(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    if (shutdown_) {
        return;
    }
    tasks_.push_back(std::move(task));
    if (tasks_.size() > idle_ && threads_.size() < most_) {
        start_one();
    }
    wake_.notify_one();
}

void WorkerPool::start_one() {
    join_all(ended_);  // they hold no lock any more, and have nothing left to do
    threads_.emplace_back();
    const auto self = std::prev(threads_.end());
    try {
        *self = std::thread([this, self] { work(self); });
    } catch (const std::system_error&) {
        threads_.erase(self);  // no more threads to be had: those that run go on
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
            wake_.wait_for(lock, kSpareWorkerLives, [this] { return !tasks_.empty() || shutdown_; });
        --idle_;
        if (!tasks_.empty()) {
            auto task = std::move(tasks_.front());
            tasks_.pop_front();
            lock.unlock();
            task();
            task = nullptr;
            lock.lock();
        } else if (shutdown_ || (!woken && threads_.size() > permanent_)) {
            break;
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
