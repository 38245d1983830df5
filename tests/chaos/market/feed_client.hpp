// A client of the live feed that continues after each interruption, as a browser does.
#pragma once

#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "chaos/market/history.hpp"
#include "http/testing/raw_client.hpp"

namespace lamda::chaos {

/// Listens to the channel `global` on a thread of its own until destroyed or stopped.
class FeedClient {
  public:
    explicit FeedClient(int port);
    ~FeedClient() { stop(); }
    FeedClient(const FeedClient&) = delete;
    FeedClient& operator=(const FeedClient&) = delete;

    void stop();
    FeedHistory history() const;

  private:
    void listen(const std::stop_token& stop);
    /// One connection, to its end. @throws std::runtime_error without one
    void connect(const std::stop_token& stop);
    void take(const std::string& frame);

    const int port_;
    mutable std::mutex mutex_;
    FeedHistory history_;
    std::string last_id_;
    std::unique_ptr<http::RawClient> client_;
    std::jthread thread_;
};

}  // namespace lamda::chaos
