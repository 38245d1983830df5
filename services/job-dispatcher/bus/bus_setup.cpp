#include "services/job-dispatcher/bus/bus_setup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "outbox/event_stream.hpp"
#include "wire/messages.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

using bus::StreamSpec;
using std::chrono::hours;

constexpr auto kCheck = "streams";
constexpr Millis kAckWait{30'000};
constexpr Millis kPollEvery{2'000};
/// Rounds until nothing is missing: the second round verifies the first.
constexpr int kRounds = 3;
/// Streams with a durable for each provider.
constexpr std::array kProviderStreams{wire::kJobsStream, wire::kRetractStream};

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
        stream(wire::kLogsStream, "jobs.logs.*.*", StreamSpec::Retention::kLimits, hours(24), 1LL << 30),
        outbox::events_stream()};
}

/// An agent looks through its waiting assignments and returns most with a delay: these count as pending.
constexpr std::int64_t kMostPending = 20'000;

void ensure_durable(bus::Bus& bus, const std::string& stream, const Address& provider) {
    const auto subject =
        stream == wire::kJobsStream ? wire::dispatch_subject(provider) : wire::retract_subject(provider);
    bus.ensure_durable(stream, wire::durable_of(provider), subject, kAckWait, kMostPending);
}

/// Names the first few.
std::string describe(const std::vector<BusSetup::Missing>& missing) {
    constexpr std::size_t kMostNames = 6;
    std::string out;
    for (std::size_t i = 0; i < std::min(missing.size(), kMostNames); ++i) {
        const auto& item = missing[i];
        out += i == 0 ? "" : ", ";
        out += item.durable ? fmt::format("durable {} of {}", wire::durable_of(*item.durable), item.stream)
                            : "stream " + item.stream;
    }
    return missing.size() > kMostNames ? fmt::format("{} and {} more", out, missing.size() - kMostNames)
                                       : out;
}

telemetry::Counter lost_counter(telemetry::Metrics& metrics, const std::string& stream, bool durable) {
    return metrics.counter("lamda_bus_lost_total", "Deleted streams and durables that were created again.",
                           {{"stream", stream}, {"what", durable ? "durable" : "stream"}});
}

}  // namespace

BusSetup::BusSetup(bus::Bus& bus, std::int64_t status_bytes, BusContents contents, telemetry::Log log,
                   telemetry::Metrics& metrics, telemetry::Health& health)
    : bus_(bus),
      status_bytes_(status_bytes),
      contents_(std::move(contents)),
      log_(std::move(log)),
      metrics_(metrics),
      health_(health) {
    health_.expect(kCheck);
    for (const auto& spec : streams(status_bytes_)) {
        lost_counter(metrics_, spec.name, false);  // shown from the start, as zero
    }
    for (const auto* stream : kProviderStreams) {
        lost_counter(metrics_, stream, true);
    }
}

void BusSetup::run(const std::stop_token& stop) {
    bus_.on_change([this](bool) { poll_soon(); });
    while (!stop.stop_requested()) {
        std::string last_error;
        try {
            poll_once();
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
    bus_.on_change(nullptr);
}

void BusSetup::report_failure(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    const auto detail = missing_.empty() ? reason : "missing: " + missing_ + "; " + reason;
    if (health_.set(kCheck, false, detail)) {
        log_.warn("streams or durables cannot be created", {{"reason", detail}});
    }
}

void BusSetup::poll_soon() {
    wakeup_.wake();
}

void BusSetup::poll_once() {
    const std::lock_guard lock(mutex_);
    complete();
}

void BusSetup::complete() {
    for (int rounds = 0; rounds < kRounds; ++rounds) {
        const auto missing = find_missing();
        missing_ = describe(missing);
        if (missing.empty()) {
            update();
            complete_ = true;
            restored_ = false;
            health_.set(kCheck, true);
            return;
        }
        health_.set(kCheck, false, "missing: " + missing_ + "; creating");
        if (complete_) {
            report_lost(missing);
        }
        complete_ = false;
        restore(missing);
        std::for_each(missing.begin(), missing.end(), [this](const Missing& item) { create(item); });
    }
    throw bus::Unavailable("NATS: created streams or durables are missing again");
}

void BusSetup::update() {
    if (!updated_) {
        for (const auto& spec : streams(status_bytes_)) {
            bus_.ensure_stream(spec);
        }
        updated_ = true;
    }
}

std::vector<BusSetup::Missing> BusSetup::find_missing() {
    std::vector<Missing> out;
    const auto names = bus_.stream_names();
    for (const auto& spec : streams(status_bytes_)) {
        if (!names.contains(spec.name)) {
            out.push_back({spec.name, std::nullopt});
        }
    }
    if (!out.empty() || !complete_) {
        for (const auto& provider : contents_.providers()) {
            providers_.insert(provider);
        }
    }
    for (const auto* stream : kProviderStreams) {
        if (providers_.empty()) {
            break;
        }
        const auto durables = bus_.durable_names(stream);
        for (const auto& provider : providers_) {
            if (!durables.contains(wire::durable_of(provider))) {
                out.push_back({stream, provider});
            }
        }
    }
    return out;
}

void BusSetup::report_lost(const std::vector<Missing>& missing) {
    log_.error("streams or durables were deleted; creating them again", {{"missing", missing_}});
    for (const auto& item : missing) {
        lost_counter(metrics_, item.stream, item.durable.has_value()).add();
    }
}

void BusSetup::restore(const std::vector<Missing>& missing) {
    std::set<std::string> lost;
    for (const auto& item : missing) {
        if (!item.durable) {
            lost.insert(item.stream);
        }
    }
    if (!restored_ && !lost.empty()) {
        contents_.restore(lost);
        restored_ = true;
    }
}

void BusSetup::create(const Missing& missing) {
    if (missing.durable) {
        ensure_durable(bus_, missing.stream, *missing.durable);
        return;
    }
    const auto specs = streams(status_bytes_);
    const auto spec = std::find_if(specs.begin(), specs.end(),
                                   [&](const StreamSpec& item) { return item.name == missing.stream; });
    bus_.ensure_stream(*spec);
}

void BusSetup::ensure_provider(const Address& provider) {
    const std::lock_guard lock(mutex_);
    if (providers_.contains(provider)) {
        return;
    }
    if (!complete_) {
        complete();  // the streams first
    }
    for (const auto* stream : kProviderStreams) {
        ensure_durable(bus_, stream, provider);
    }
    providers_.insert(provider);
}

}  // namespace lamda::dispatch
