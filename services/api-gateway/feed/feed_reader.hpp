// FeedReader: reads the feed log into the hub.
#pragma once

#include <stop_token>

#include "services/api-gateway/feed/feed_hub.hpp"
#include "services/api-gateway/feed/feed_store.hpp"
#include "telemetry/log.hpp"

namespace lamda::gateway {

class FeedReader {
  public:
    FeedReader(store::Database& database, FeedHub& hub, const Clock& clock, telemetry::Log log);

    /// Reads when events were stored (kFeedChannel), and once a second.
    void run(const std::stop_token& stop);
    /// One read, of 1,000 events at most; true if there may be more. A log with another epoch, or without the
    /// next event, begins again. Not thread-safe. @throws store::Unavailable
    bool poll_once();

  private:
    store::Database& database_;
    FeedHub& hub_;
    const Clock& clock_;
    telemetry::Log log_;
};

}  // namespace lamda::gateway
