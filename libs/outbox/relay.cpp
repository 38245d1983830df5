#include "outbox/relay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <utility>

#include "core/crash_point.hpp"
#include "core/deadline.hpp"
#include "outbox/feed_log.hpp"
#include "store/channels.hpp"
#include "store/values.hpp"

namespace lamda::outbox {

namespace {
constexpr auto kCheck = "outbox";
constexpr int kPage = 2'000;
constexpr Millis kPublishTimeout{10'000};
constexpr Millis kPoll{1'000};
constexpr Millis kTrimEvery{10'000};
/// Interval at which the relay checks for a stop.
constexpr Millis kSlice{200};

}  // namespace

Relay::Relay(store::Database& database, bus::Bus& bus, std::string owner, const telemetry::Context& context)
    : database_(database),
      bus_(bus),
      owner_(std::move(owner)),
      clock_(context.clock),
      log_(context.log),
      published_(context.metrics.counter("lamda_outbox_published_total",
                                         "Outbox messages that JetStream has stored", {{"owner", owner_}})),
      waiting_(context.metrics.gauge("lamda_outbox_waiting", "Outbox messages not yet published",
                                     {{"owner", owner_}})),
      oldest_(context.metrics.gauge("lamda_outbox_oldest_seconds",
                                    "Age of the oldest outbox message not yet published; 0: none",
                                    {{"owner", owner_}})),
      health_(context.health) {}

void Relay::track_positions(std::function<void()> on_cut_back) {
    on_cut_back_ = std::move(on_cut_back);
}

void Relay::settle(store::Txn& txn, const Done& done) {
    if (done.reused.empty() && !done.has_events) {
        // If a crash of PostgreSQL undoes the deletion, the messages are published again, as after a crash
        // before it. The COMMIT does not wait for the disk.
        txn.exec("SET LOCAL synchronous_commit TO OFF");
    }
    settle_rows(txn, done.ids, done.has_events);
    if (on_cut_back_) {
        advance_positions(txn, owner_, done.sequences);
        mark_rolled_back(txn, owner_, done.reused);
    }
}

void Relay::settle(const Done& done) {
    if (!done.ids.empty()) {
        database_.transact([&](store::Txn& txn) { settle(txn, done); });
    }
}

Relay::Page Relay::next_page(const Done& done, std::int64_t after) {
    settle(done);
    Page out;
    for (const auto& row : database_.read("SELECT id, subject, message_id, body FROM bus.outbox "
                                          "WHERE owner = $1 AND id > $2 ORDER BY id LIMIT $3",
                                          {owner_, after, kPage})) {
        out.ids.push_back(row.get<std::int64_t>("id"));
        out.messages.push_back({row.get<std::string>("subject"), row.get<std::string>("message_id"),
                                row.get<std::string>("body")});
    }
    if (on_cut_back_ && !out.ids.empty()) {
        out.positions = read_positions(database_, owner_);
    }
    return out;
}

std::size_t Relay::publish(const Page& page, Done& done) {
    crash_point("relay.before_publish");
    const auto outcome = bus_.publish_durable(page.messages, kPublishTimeout);
    crash_point("relay.after_publish");
    if (refusal_.empty()) {
        refusal_ = outcome.reason;
    }
    std::size_t count = 0;
    for (std::size_t i = 0; i < page.ids.size(); ++i) {
        if (outcome.stored[i]) {
            done.ids.push_back(page.ids[i]);
            done.has_events = done.has_events || is_feed_event(page.messages[i].subject);
            ++count;
        }
    }
    // The page before may not be recorded yet when this page's positions are read.
    auto before = page.positions;
    for (const auto& [stream, highest] : acknowledged_) {
        before[stream].last_sequence = std::max(before[stream].last_sequence, highest);
    }
    done.reused.merge(reused_sequences(before, outcome.sequences));
    for (const auto& [stream, range] : outcome.sequences) {
        done.sequences[stream] = range;
        acknowledged_[stream] = range.highest;
    }
    published_.add(static_cast<double>(count));
    return count;
}

std::size_t Relay::drain() {
    std::size_t count = 0;
    bool cut_back = false;
    Done done;  // published and not deleted yet
    refusal_.clear();
    acknowledged_.clear();
    try {
        // Reads each row once: a message that cannot be published does not block the others.
        for (Page page = next_page({}, 0); !page.ids.empty();) {
            // Behind a full page there may be more: read while this page is published.
            std::future<Page> next;
            if (page.ids.size() == static_cast<std::size_t>(kPage)) {
                next = std::async(std::launch::async,
                                  [this, settled = std::exchange(done, {}), last = page.ids.back()] {
                                      return next_page(settled, last);
                                  });
            }
            count += publish(page, done);
            cut_back = cut_back || !done.reused.empty();
            page = next.valid() ? next.get() : Page{};
        }
    } catch (...) {
        // What was stored stays settled: otherwise it would be published again when the bus is back.
        settle(done);
        throw;
    }
    settle(done);
    measure(refusal_);
    if (cut_back && on_cut_back_) {
        log_.error("a stream has lost messages that it acknowledged", {{"owner", owner_}});
        on_cut_back_();
    }
    return count;
}

void Relay::measure(const std::string& reason) {
    const auto row = database_.read(
        "SELECT count(*) AS n, coalesce(extract(epoch FROM now() - min(created_at)), 0)::bigint AS age "
        "FROM bus.outbox WHERE owner = $1",
        {owner_})[0];
    const auto count = row.get<std::int64_t>("n");
    const auto age = std::chrono::seconds(row.get<std::int64_t>("age"));
    waiting_.set(static_cast<double>(count));
    oldest_.set(static_cast<double>(age.count()));
    if (age <= kLongestWait) {
        health_.set(kCheck, true);
        return;
    }
    health_.set(kCheck, false,
                fmt::format("messages wait: {}, the oldest for {} s: {}", count, age.count(),
                            reason.empty() ? "more are written than published" : reason));
}

void Relay::report_age(const std::string& reason) {
    try {
        measure(reason);
    } catch (const store::Unavailable&) {  // the check `postgres` reports it
    }
}

void Relay::trim_feed_log(const std::stop_token& stop) {
    bool more = true;
    while (more && !stop.stop_requested()) {
        more = database_.transact([&](store::Txn& txn) { return trim_feed(txn, owner_); });
    }
}

void Relay::run(const std::stop_token& stop) {
    store::Listener listener(database_, {store::kOutboxChannel});
    std::string last_error;
    Deadline trim(clock_, kTrimEvery);
    while (!stop.stop_requested()) {
        std::string now;
        try {
            drain();
            now = refusal_;
            if (trim.passed()) {
                trim_feed_log(stop);
                trim = Deadline(clock_, kTrimEvery);
            }
        } catch (const std::runtime_error& error) {
            now = error.what();
            report_age(now);
        }
        if (!now.empty()) {
            on_refusal_();
        }
        if (now != last_error) {
            last_error = now;
            if (now.empty()) {
                log_.info("outbox publish works again", {{"owner", owner_}});
            } else {
                log_.warn("outbox publish failed", {{"owner", owner_}, {"error", now}});
            }
        }
        // After a failure a notification does not shorten the pause.
        const Deadline next(clock_, kPoll);
        bool hint = false;
        while (!stop.stop_requested() && !next.passed() && (!hint || !now.empty())) {
            hint = listener.wait(std::min(next.left(), kSlice));
        }
    }
}

}  // namespace lamda::outbox
