#include "services/job-dispatcher/dispatch/spec_fetch_loop.hpp"

#include <fmt/format.h>

#include "runtime/app.hpp"
#include "services/job-dispatcher/dispatch/due_store.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "services/job-dispatcher/jobs/spec_store.hpp"
#include "store/channels.hpp"
#include "wire/job_spec.hpp"

namespace lamda::dispatch {

SpecFetchLoop::SpecFetchLoop(store::Database& database, ipfs::ContentStore& content, const Clock& clock,
                             telemetry::Log log)
    : database_(database), content_(content), clock_(clock), log_(std::move(log)) {}

void SpecFetchLoop::watch(const std::stop_token& stop) {
    store::Listener listener(database_, {store::kJobChannel});
    while (!stop.stop_requested()) {
        const auto begin = clock_.steady();
        const auto awaited = database_.transact(awaited_specs);
        {
            const std::lock_guard lock(mutex_);
            queue_.await(awaited);
        }
        changed_.notify_all();
        // Limits the query to half of the time, for any rate of notifications.
        runtime::pause(stop, std::chrono::duration_cast<Millis>(clock_.steady() - begin));
        listener.wait(Millis(500));
    }
}

void SpecFetchLoop::poll_once(const std::stop_token& stop) {
    while (const auto id = wait_for_one(stop)) {
        const auto give_back = [&] {
            const std::lock_guard lock(mutex_);
            queue_.give_back(*id, clock_.steady());
        };
        try {
            fetch(*id, stop);
        } catch (...) {
            give_back();
            throw;
        }
        give_back();
    }
}

std::optional<JobId> SpecFetchLoop::wait_for_one(const std::stop_token& stop) {
    std::optional<JobId> id;
    std::unique_lock lock(mutex_);
    while (!id && !stop.stop_requested()) {
        changed_.wait_for(lock, stop, Millis(500), [&] {
            id = queue_.take(clock_.steady());
            return id.has_value();
        });
    }
    return id;
}

void SpecFetchLoop::fetch(const JobId& id, const std::stop_token& stop) {
    try {
        const Bytes spec = content_.block(wire::spec_cid(id), stop);  // verified against the id
        if (spec.size() < 2 || spec.size() > wire::kMostSpecBytes) {
            refuse(id, fmt::format("its block has {} bytes; a spec has 2 to {}", spec.size(),
                                   wire::kMostSpecBytes));
        } else {
            database_.transact([&](store::Txn& txn) { put_spec(txn, spec); });
            log_.info("spec found on IPFS", {{"job_id", id.hex()}});
        }
    } catch (const ipfs::WrongBytes& e) {
        log_.warn("IPFS source sent bytes that do not match the spec's CID",
                  {{"job_id", id.hex()}, {"reason", e.what()}});
    } catch (const ipfs::Unavailable& e) {
        log_.debug("spec not on IPFS", {{"job_id", id.hex()}, {"reason", e.what()}});
    } catch (const ipfs::TooLarge& e) {
        refuse(id, e.what());
    }
}

void SpecFetchLoop::refuse(const JobId& id, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    if (const auto left_out = refusals_.admit(clock_.steady())) {
        log_.warn("spec on IPFS refused",
                  {{"job_id", id.hex()}, {"reason", reason}, {"not_logged_before", *left_out}});
    }
}

}  // namespace lamda::dispatch
