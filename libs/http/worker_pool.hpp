// Threads that run handlers: a few at first, more while all are busy, up to a limit.
#pragma once

#include <httplib.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace lamda::http {

class WorkerPool : public httplib::TaskQueue {
  public:
    /// Those above `workers` end after 10 s without work.
    WorkerPool(std::size_t workers, std::size_t most_workers) : permanent_(workers), most_(most_workers) {}
    ~WorkerPool() override { WorkerPool::shutdown(); }
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// After shutdown() the task is thrown away.
    void enqueue(std::function<void()> task) override;
    /// Returns when everything enqueued has run.
    void shutdown() override;

  private:
    using Threads = std::list<std::thread>;
    void work(Threads::iterator self);
    void start_one();

    const std::size_t permanent_;
    const std::size_t most_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> tasks_;
    Threads threads_;
    Threads ended_;  ///< to be joined
    std::size_t idle_ = 0;
    bool shutdown_ = false;
};

}  // namespace lamda::http
