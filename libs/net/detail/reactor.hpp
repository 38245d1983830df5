// Reactor: many exchanges on one libcurl multi handle, in one thread. Private to this library.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "net/detail/curl_exchange.hpp"
#include "net/detail/handle_pool.hpp"
#include "net/transport.hpp"

namespace lamda::net {

/// Results of one caller's exchanges. Shared with the reactor, which may still run after the caller is
/// destroyed.
class Inbox {
  public:
    void expect(Exchanges::Id id);
    /// Drops the result if the exchange is no longer expected.
    void put(Exchanges::Ended ended);
    void forget(Exchanges::Id id);
    std::optional<Exchanges::Ended> next(Steady deadline);
    bool expects(Exchanges::Id id) const;
    void forget_all();

  private:
    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    std::set<Exchanges::Id> expected_;
    std::deque<Exchanges::Ended> ended_;
};

class Reactor {
  public:
    Reactor();
    /// Drops exchanges in flight without a result.
    ~Reactor();
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    void submit(std::shared_ptr<Inbox> inbox, Exchanges::Id id, HttpRequest request);
    /// Ends exchanges that their inbox no longer expects.
    void look_for_cancelled();

  private:
    struct Task {
        std::shared_ptr<Inbox> inbox;
        Exchanges::Id id;
        HttpRequest request;
    };
    struct Running;
    struct MultiDeleter {
        void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
    };

    void run();
    void begin(Task task);
    void collect();
    void drop_cancelled();

    std::unique_ptr<CURLM, MultiDeleter> multi_;
    Pool<Easy> easies_;
    std::mutex mutex_;
    std::vector<Task> submitted_;
    bool cancelled_ = false;
    bool stopping_ = false;
    std::vector<std::unique_ptr<Running>> running_;  ///< used by the thread only
    std::thread thread_;
};

class ReactorExchanges final : public Exchanges {
  public:
    explicit ReactorExchanges(Reactor& reactor) : reactor_(reactor), inbox_(std::make_shared<Inbox>()) {}
    ~ReactorExchanges() override;
    Id start(HttpRequest request) override;
    std::optional<Ended> next(Steady deadline) override { return inbox_->next(deadline); }
    void cancel(Id id) override;

  private:
    Reactor& reactor_;
    std::shared_ptr<Inbox> inbox_;
    Id next_id_ = 0;
};

}  // namespace lamda::net
