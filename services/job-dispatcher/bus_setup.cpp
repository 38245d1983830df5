#include "bus_setup.hpp"

#include <algorithm>
#include <iterator>

#include "pipeline/event_stream.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

using bus::StreamSpec;
using std::chrono::hours;

constexpr Millis kAckWait{30'000};

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
    // STATUS is what a rebuilt database gets its work states back from: kept for long. Providers fill it: its
    // limit leaves room for the queues.
    auto statuses = stream(wire::kStatusStream, "jobs.status.*", StreamSpec::Retention::kLimits,
                           hours(24 * 90), status_bytes);
    statuses.max_message_bytes = wire::kMostStatusBytes;
    return {
        stream(wire::kJobsStream, "jobs.dispatch.*", StreamSpec::Retention::kWorkQueue, Millis(0), -1),
        stream(wire::kRetractStream, "jobs.retract.*", StreamSpec::Retention::kWorkQueue, hours(24 * 30), -1),
        statuses,
        stream(wire::kLogsStream, "jobs.logs.*.*", StreamSpec::Retention::kLimits, hours(24), 1LL << 30),
        pipeline::events_stream()};
}

}  // namespace

BusSetup::BusSetup(bus::Bus& bus, std::int64_t status_bytes) : bus_(bus), status_bytes_(status_bytes) {}

void BusSetup::ensure_streams() {
    const std::lock_guard lock(mutex_);
    if (streams_) {
        return;
    }
    for (const auto& spec : streams(status_bytes_)) {
        bus_.ensure_stream(spec);
    }
    streams_ = true;
}

void BusSetup::ensure_provider(const Address& provider) {
    ensure_streams();
    const std::lock_guard lock(mutex_);
    if (providers_.contains(provider)) {
        return;
    }
    const auto durable = wire::durable_of(provider);
    bus_.ensure_durable(wire::kJobsStream, durable, wire::dispatch_subject(provider), kAckWait);
    bus_.ensure_durable(wire::kRetractStream, durable, wire::retract_subject(provider), kAckWait);
    providers_.insert(provider);
}

std::vector<Address> BusSetup::without_durables(const std::vector<Address>& providers) {
    const std::lock_guard lock(mutex_);
    std::vector<Address> out;
    std::copy_if(providers.begin(), providers.end(), std::back_inserter(out),
                 [&](const Address& provider) { return !providers_.contains(provider); });
    return out;
}

void BusSetup::forget() {
    const std::lock_guard lock(mutex_);
    streams_ = false;
    providers_.clear();
    ++generation_;
}

std::vector<Address> providers_at_work(store::Database& database) {
    return database.transact([](store::Txn& txn) {
        std::vector<Address> out;
        for (const auto row : txn.exec("SELECT DISTINCT provider FROM dispatch.job "
                                       "WHERE work_state IN ('assigned', 'accepted', 'running')")) {
            out.push_back(row.get<Address>("provider"));
        }
        return out;
    });
}

}  // namespace lamda::dispatch
