#include "services/job-dispatcher/bus/bus_contents.hpp"

#include "services/job-dispatcher/dispatch/resend.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

constexpr std::size_t kPage = 500;

std::size_t restore_attempts(store::Database& database) {
    std::size_t count = 0;
    for (JobId after;;) {
        const auto ids = database.transact([&](store::Txn& txn) {
            auto page = jobs_with_open_attempt(txn, after, kPage);
            count += resend_open_attempts(txn, page);
            return page;
        });
        if (ids.size() < kPage) {
            return count;
        }
        after = ids.back();
    }
}

std::size_t restore_retractions(store::Database& database) {
    return database.transact([](store::Txn& txn) {
        const auto attempts = recent_void_attempts(txn);
        resend_retractions(txn, attempts);
        return attempts.size();
    });
}

std::size_t restore_streams(store::Database& database, const std::set<std::string>& streams) {
    std::size_t count = 0;
    if (streams.contains(wire::kJobsStream) || streams.contains(wire::kStatusStream)) {
        count += restore_attempts(database);
    }
    if (streams.contains(wire::kRetractStream)) {
        count += restore_retractions(database);
    }
    return count;
}

}  // namespace

BusContents bus_contents(store::Database& database, const telemetry::Log& log) {
    BusContents out;
    out.providers = [&database] { return database.transact(providers_at_work); };
    out.positions = [&database] {
        return database.transact([](store::Txn& txn) { return outbox::read_positions(txn, kOutboxOwner); });
    };
    out.mark_lost = [&database](const std::set<std::string>& streams) {
        database.transact([&](store::Txn& txn) { outbox::mark_rolled_back(txn, kOutboxOwner, streams); });
    };
    out.restore = [&database, log](const std::set<std::string>& streams) mutable {
        const auto count = restore_streams(database, streams);
        log.info("stream restore: messages put into the outbox", {{"count", count}});
    };
    out.record = [&database](const outbox::StreamStates& states, const std::set<std::string>& restored) {
        database.transact(
            [&](store::Txn& txn) { outbox::put_positions(txn, kOutboxOwner, states, restored); });
    };
    out.idle = [&database](const std::vector<Address>& providers) {
        return database.transact([&](store::Txn& txn) { return idle_providers(txn, providers); });
    };
    return out;
}

}  // namespace lamda::dispatch
