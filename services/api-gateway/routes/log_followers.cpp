#include "services/api-gateway/routes/log_followers.hpp"

#include <algorithm>
#include <map>

#include "core/json_writer.hpp"
#include "problem/problem.hpp"
#include "store/channels.hpp"

namespace lamda::gateway {

namespace {

/// Chunks of one follower in one read: 64 followers read at most 16 MiB together.
constexpr std::size_t kRowsAtOnce = 4;
constexpr Millis kPollEvery{1'000};
constexpr Millis kSlice{200};
/// Least pause between two reads: notifications may come with every chunk.
constexpr Millis kPause{100};
/// An empty line after this time without output shows that the connection is open.
constexpr Millis kSignOfLife{15'000};

std::string end_line(const std::string& status) {
    JsonWriter out;
    out.begin_object().key("stream").text("end").key("status").text(status);
    return out.end_object().take();
}

}  // namespace

LogFollowers::LogFollowers(store::Database& database, const Clock& clock, telemetry::Log log,
                           telemetry::Metrics& metrics)
    : database_(database),
      clock_(clock),
      log_(std::move(log)),
      count_(metrics.gauge("lamda_gateway_log_followers", "Clients that follow a job's logs.")),
      refused_(metrics.counter("lamda_gateway_log_followers_refused_total",
                               "Clients that were refused because too many follow logs.")) {}

std::shared_ptr<http::Feed> LogFollowers::follow(const LogQuery& query, const std::string& client) {
    auto follower =
        std::make_shared<Follower>(Follower{query, client, std::make_shared<http::Feed>(), clock_.steady()});
    follower->query.limit = kRowsAtOnce;
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(followers_, [](const auto& each) { return each->feed->closed(); });
        const auto own = std::count_if(followers_.begin(), followers_.end(),
                                       [&](const auto& each) { return each->client == client; });
        if (followers_.size() >= kMostFollowers || static_cast<std::size_t>(own) >= kMostOfClient) {
            refused_.add();
            throw problem::Problem{503, "too_many_followers",
                                   "",  "too many clients follow logs; try again later, or read the pages",
                                   {},  10};
        }
        followers_.push_back(follower);
        count_.set(static_cast<double>(followers_.size()));
    }
    fresh_ = true;
    wakeup_.wake();
    return follower->feed;
}

std::vector<std::shared_ptr<LogFollowers::Follower>> LogFollowers::present() {
    const std::lock_guard lock(mutex_);
    std::erase_if(followers_, [](const auto& each) { return each->feed->closed(); });
    count_.set(static_cast<double>(followers_.size()));
    return followers_;
}

void LogFollowers::run(const std::stop_token& stop) {
    std::unique_ptr<store::Listener> listener;
    Steady due{};
    while (!stop.stop_requested()) {
        if (present().empty()) {
            listener = nullptr;
            wakeup_.wait(stop, kPollEvery);
            continue;
        }
        if (listener == nullptr) {
            listener =
                std::make_unique<store::Listener>(database_, std::vector<std::string>{store::kLogChannel});
        }
        if (fresh_.exchange(false) || clock_.steady() >= due || listener->wait(kSlice)) {
            due = clock_.steady() + kPollEvery;
            try {
                while (poll_once() && !stop.stop_requested()) {
                }
            } catch (const store::Unavailable& error) {
                log_.debug("reading logs for followers failed", {{"reason", error.what()}});
            }
        }
        wakeup_.wait(stop, kPause);
    }
}

bool LogFollowers::poll_once() {
    const auto followers = present();
    if (followers.empty()) {
        return false;
    }
    const bool more = write_rows(followers);
    if (!more) {
        end_finished(followers);
    }
    return more;
}

bool LogFollowers::write_rows(const std::vector<std::shared_ptr<Follower>>& followers) {
    std::vector<LogQuery> queries;
    queries.reserve(followers.size());
    std::transform(followers.begin(), followers.end(), std::back_inserter(queries),
                   [](const auto& each) { return each->query; });
    const auto rows =
        database_.transact([&](store::Txn& txn) { return read_next_logs(txn, queries, kRowsAtOnce); });
    bool more = false;
    for (std::size_t i = 0; i < followers.size(); ++i) {
        auto& follower = *followers[i];
        std::size_t written = 0;
        for (const auto& row : rows[i]) {
            // Rows of the other stream are read as well, so that the place moves past them.
            if (is_wanted(row, follower.query)) {
                if (!follower.feed->write(log_json(row) + "\n")) {
                    break;  // the client reads slowly: continued at a later read
                }
                follower.last_write = clock_.steady();
            }
            follower.query.after = row.place;
            ++written;
        }
        follower.behind = written < rows[i].size() || written == kRowsAtOnce;
        more = more || written == kRowsAtOnce;
    }
    return more;
}

void LogFollowers::end_finished(const std::vector<std::shared_ptr<Follower>>& followers) {
    std::vector<JobId> jobs;
    jobs.reserve(followers.size());
    std::transform(followers.begin(), followers.end(), std::back_inserter(jobs),
                   [](const auto& each) { return each->query.job; });
    const auto states = database_.transact([&](store::Txn& txn) { return read_work(txn, jobs); });
    const auto now = clock_.steady();
    for (const auto& follower : followers) {
        const auto found = states.find(follower->query.job);
        const bool over = found != states.end() &&
                          (found->second.over ||
                           (follower->query.attempt && found->second.attempt > *follower->query.attempt));
        if (!over) {
            follower->over_since.reset();
            if (now - follower->last_write >= kSignOfLife && follower->feed->write("\n")) {
                follower->last_write = now;
            }
            continue;
        }
        follower->over_since = follower->over_since.value_or(now);
        if (!follower->behind && now - std::max(*follower->over_since, follower->last_write) >= kGrace &&
            follower->feed->write(end_line(found->second.status) + "\n")) {
            follower->feed->end();
            const std::lock_guard lock(mutex_);
            std::erase(followers_, follower);
        }
    }
}

}  // namespace lamda::gateway
