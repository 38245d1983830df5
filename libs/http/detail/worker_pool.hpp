// WorkerPool: threads that run handlers, a few at first, more while all are busy, up to a limit. Large tasks
// have a separate lane, so that small ones do not wait behind them.
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
    /// Threads above `workers` end after 10 s without work.
    /// @param most_large large tasks that may run at a time
    WorkerPool(std::size_t workers, std::size_t most_workers, std::size_t most_large)
        : permanent_(workers), most_(most_workers), most_large_(most_large) {}
    ~WorkerPool() override { WorkerPool::shutdown(); }
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// Drops the task after shutdown().
    void enqueue(std::function<void()> task) override { enqueue(std::move(task), Lane::kSmall); }
    enum class Lane { kSmall, kLarge };
    void enqueue(std::function<void()> task, Lane lane);
    /// Returns when every enqueued task has run.
    void shutdown() override;

  private:
    using Threads = std::list<std::thread>;
    using Tasks = std::deque<std::function<void()>>;
    void work(Threads::iterator self);
    bool has_work() const;
    void run_one(std::unique_lock<std::mutex>& lock);
    void start_one();

    const std::size_t permanent_;
    const std::size_t most_;
    const std::size_t most_large_;
    std::mutex mutex_;
    std::condition_variable wake_;
    Tasks small_;
    Tasks large_;
    std::size_t running_large_ = 0;
    Threads threads_;
    Threads ended_;  ///< to be joined
    std::size_t idle_ = 0;
    bool shutdown_ = false;
};

}  // namespace lamda::http
