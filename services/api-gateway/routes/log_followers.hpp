// Followers of jobs' logs: one loop reads for all of them, whatever their number.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <stop_token>
#include <vector>

#include "core/wakeup.hpp"
#include "http/feed.hpp"
#include "services/api-gateway/routes/log_store.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::gateway {

/// Thread-safe, except for run() and poll_once().
class LogFollowers {
  public:
    static constexpr std::size_t kMostFollowers = 64;
    static constexpr std::size_t kMostOfClient = 16;
    /// Time without new chunks after a job's end: its last chunks may still be on their way.
    static constexpr Millis kGrace{2'000};

    LogFollowers(store::Database& database, const Clock& clock, telemetry::Log log,
                 telemetry::Metrics& metrics);

    /// Adds a follower; the feed gets one JSON object a line: chunks as from log_json(), then
    /// `{"stream":"end","status":"…"}`. @param query its limit has no meaning  @param client address of the
    /// client  @throws problem::Problem 503 `too_many_followers`
    std::shared_ptr<http::Feed> follow(const LogQuery& query, const std::string& client);

    /// Reads when chunks were stored (kLogChannel), and once a second. Without followers it reads nothing,
    /// and keeps no connection for notifications.
    void run(const std::stop_token& stop);
    /// One read for all followers. Returns true if more can be read at once. @throws store::Unavailable
    bool poll_once();

  private:
    struct Follower {
        LogQuery query;
        std::string client;
        std::shared_ptr<http::Feed> feed;
        Steady last_write{};
        std::optional<Steady> over_since{};
        bool behind = false;  ///< chunks are stored that the feed has not taken
    };
    std::vector<std::shared_ptr<Follower>> present();
    bool write_rows(const std::vector<std::shared_ptr<Follower>>& followers);
    void end_finished(const std::vector<std::shared_ptr<Follower>>& followers);

    store::Database& database_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Gauge count_;
    telemetry::Counter refused_;
    std::mutex mutex_;
    std::vector<std::shared_ptr<Follower>> followers_;
    std::atomic<bool> fresh_{false};  ///< a follower was added
    Wakeup wakeup_;
};

}  // namespace lamda::gateway
