#include "services/job-dispatcher/bus/bus_setup.hpp"

#include <algorithm>
#include <array>

#include "outbox/event_stream.hpp"
#include "services/job-dispatcher/bus/lost_counter.hpp"
#include "services/job-dispatcher/bus/stream_damage.hpp"
#include "wire/messages.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

using bus::StreamSpec;
using std::chrono::hours;

constexpr auto kCheck = "streams";
constexpr Millis kPollEvery{2'000};
/// Rounds until no stream is missing: the second round verifies the first.
constexpr int kRounds = 3;
/// Streams whose positions are compared. What LOGS and EVENTS lose is not restored.
constexpr std::array kRecordedStreams{wire::kJobsStream, wire::kRetractStream, wire::kStatusStream,
                                      wire::kLogsStream, wire::kEventsStream};
/// Polls between two comparisons of positions, and between two deletions of idle durables.
constexpr int kComparePolls = 5;
constexpr int kIdlePolls = 1'800;
/// Comparisons without a test for damage after a failed one: it may have cost a timeout.
constexpr int kSkippedTests = 6;

std::vector<StreamSpec> streams(std::int64_t status_bytes) {
    const auto stream = [](const char* name, const char* subject, StreamSpec::Retention retention,
                           Millis max_age, std::int64_t max_bytes) {
        StreamSpec out;
        out.name = name;
        out.subjects = {subject};
        out.retention = retention;
        out.max_age = max_age;
        out.max_bytes = max_bytes;
        return out;
    };
    // A rebuilt database recovers its work states from STATUS: kept for long. Providers fill it: its limit
    // reserves space for the queues.
    auto statuses = stream(wire::kStatusStream, "jobs.status.*", StreamSpec::Retention::kLimits,
                           hours(24 * 90), status_bytes);
    statuses.max_message_bytes = wire::kMostStatusBytes;
    return {
        stream(wire::kJobsStream, "jobs.dispatch.*", StreamSpec::Retention::kWorkQueue, Millis(0), -1),
        stream(wire::kRetractStream, "jobs.retract.*", StreamSpec::Retention::kWorkQueue, hours(24 * 30), -1),
        statuses,
        stream(wire::kLogsStream, wire::kAllLogs, StreamSpec::Retention::kLimits, hours(24), 1LL << 30),
        outbox::events_stream()};
}

/// The bus's callback for changes, as long as this object lives.
class OnChange {
  public:
    OnChange(bus::Bus& bus, std::function<void(bool)> callback) : bus_(bus) {
        bus_.on_change(std::move(callback));
    }
    ~OnChange() { bus_.on_change(nullptr); }
    OnChange(const OnChange&) = delete;
    OnChange& operator=(const OnChange&) = delete;

  private:
    bus::Bus& bus_;
};

}  // namespace

BusSetup::BusSetup(bus::Bus& bus, std::int64_t status_bytes, BusContents contents, telemetry::Log log,
                   telemetry::Metrics& metrics, telemetry::Health& health)
    : bus_(bus),
      status_bytes_(status_bytes),
      contents_(std::move(contents)),
      log_(std::move(log)),
      metrics_(metrics),
      health_(health),
      durables_(bus, log_, metrics) {
    health_.expect(kCheck);
    for (const auto& spec : streams(status_bytes_)) {
        lost_counter(metrics_, spec.name, "stream");  // shown from the start, as zero
    }
    for (const auto* stream : kRecordedStreams) {
        lost_counter(metrics_, stream, "messages");
    }
}

void BusSetup::run(const std::stop_token& stop) {
    const OnChange notifies(bus_, [this](bool) { poll_soon(); });
    for (int polls = 1; !stop.stop_requested(); ++polls) {
        std::string last_error;
        try {
            if (polls % kComparePolls == 0) {
                compare_ = true;
            }
            poll_once();
            if (polls % kIdlePolls == 0) {
                const std::lock_guard lock(mutex_);
                durables_.delete_idle(contents_.idle);
            }
        } catch (const bus::Unavailable& error) {
            last_error = error.what();
        } catch (const bus::Refused& error) {
            last_error = error.what();
        }
        if (!last_error.empty()) {
            report_failure(last_error);
        }
        wakeup_.wait(stop, kPollEvery);
    }
}

void BusSetup::report_failure(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    const auto detail = missing_.empty() ? reason : "missing: " + missing_ + "; " + reason;
    if (health_.set(kCheck, false, detail)) {
        log_.warn("streams or durables cannot be created", {{"reason", detail}});
    }
}

void BusSetup::poll_soon() {
    compare_ = true;
    wakeup_.wake();
}

void BusSetup::poll_once() {
    const std::lock_guard lock(mutex_);
    complete();
}

void BusSetup::complete() {
    const bool created = create_streams();
    update();
    if (!complete_) {
        durables_.require(contents_.providers());
    }
    const auto refused = durables_.create_missing(complete_, contents_.idle);
    if (compare_.exchange(false) || created) {
        try {
            compare_positions(created);
        } catch (...) {
            compare_ = true;
            throw;
        }
    }
    complete_ = true;
    health_.set(kCheck, true,
                !refused.empty()     ? "refused durables: " + refused
                : !untested_.empty() ? "not tested for damage: " + untested_
                                     : "");
}

bool BusSetup::create_streams() {
    bool created = false;
    for (int rounds = 0; rounds < kRounds; ++rounds) {
        const auto missing = missing_streams();
        missing_.clear();
        for (const auto& stream : missing) {
            missing_ += (missing_.empty() ? "stream " : ", stream ") + stream;
        }
        if (missing.empty()) {
            return created;
        }
        health_.set(kCheck, false, "missing: " + missing_ + "; creating");
        if (complete_) {
            log_.error("streams were deleted; creating them again", {{"missing", missing_}});
            for (const auto& stream : missing) {
                lost_counter(metrics_, stream, "stream").add();
            }
        }
        complete_ = false;
        created = true;
        contents_.mark_lost({missing.begin(), missing.end()});
        for (const auto& spec : streams(status_bytes_)) {
            if (std::find(missing.begin(), missing.end(), spec.name) != missing.end()) {
                bus_.ensure_stream(spec);
            }
        }
    }
    throw bus::Unavailable("NATS: created streams are missing again");
}

void BusSetup::update() {
    if (!updated_) {
        for (const auto& spec : streams(status_bytes_)) {
            bus_.ensure_stream(spec);
        }
        updated_ = true;
    }
}

std::vector<std::string> BusSetup::missing_streams() {
    std::vector<std::string> out;
    const auto names = bus_.stream_names();
    for (const auto& spec : streams(status_bytes_)) {
        if (!names.contains(spec.name)) {
            out.push_back(spec.name);
        }
    }
    return out;
}

void BusSetup::compare_positions(bool reported) {
    // The positions first: a message that is acknowledged in between must not look like a loss.
    const auto positions = contents_.positions();
    outbox::StreamStates states;
    for (const auto* stream : kRecordedStreams) {
        states.emplace(stream, bus_.stream_state(stream));
    }
    auto lost = outbox::lost_streams(positions, states);
    // Agents publish to STATUS and LOGS: only the reader's position shows that these were cut back.
    for (const auto* stream : {wire::kStatusStream, wire::kLogsStream}) {
        if (durables_.any_ahead(stream)) {
            lost.insert(stream);
        }
    }
    if (!lost.empty()) {
        contents_.mark_lost(lost);
        for (const auto& stream : lost) {
            if (!reported) {
                log_.error("a stream has lost messages; restoring them", {{"stream", stream}});
                lost_counter(metrics_, stream, "messages").add();
            }
            if (stream != wire::kEventsStream) {  // it has no durables, and the login may not list any
                durables_.replace_ahead(stream);
            }
        }
        contents_.restore(lost);
    }
    contents_.record(states, lost);
    replace_damaged();
}

void BusSetup::replace_damaged() {
    if (skipped_tests_ > 0) {
        --skipped_tests_;
        return;
    }
    std::set<std::string> damaged;
    try {
        damaged = damaged_streams(bus_, {kRecordedStreams.begin(), kRecordedStreams.end()});
        untested_.clear();
    } catch (const std::runtime_error& error) {  // Unavailable, or a server that does not permit it
        skipped_tests_ = bus_.connected() ? kSkippedTests : 0;
        untested_ = error.what();
        log_.warn("streams cannot be tested for damage", {{"reason", untested_}});
        return;
    }
    if (damaged.empty()) {
        return;
    }
    contents_.mark_lost(damaged);
    outbox::StreamStates states;
    for (const auto& stream : damaged) {
        log_.error("a stream cannot read what it stores; purging and restoring it", {{"stream", stream}});
        lost_counter(metrics_, stream, "messages").add();
        bus_.purge_stream(stream);
        states.emplace(stream, bus_.stream_state(stream));
    }
    contents_.restore(damaged);
    contents_.record(states, damaged);
}

bool BusSetup::has_provider(const Address& provider) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    return lock && complete_ && durables_.has(provider);
}

void BusSetup::ensure_provider(const Address& provider) {
    const std::lock_guard lock(mutex_);
    if (durables_.has(provider)) {
        return;
    }
    if (!complete_) {
        complete();  // the streams first
    }
    durables_.create(provider);
}

}  // namespace lamda::dispatch
