#include "services/job-dispatcher/summary/summary_loop.hpp"

#include "core/crash_point.hpp"
#include "runtime/app.hpp"
#include "services/job-dispatcher/summary/summary_store.hpp"

namespace lamda::dispatch {

void keep_summaries(store::Database& database, const std::stop_token& stop) {
    constexpr std::size_t kStep = 2'000;  // less than half a second of work, and of locks on the summaries
    constexpr Millis kPause{500};
    while (!stop.stop_requested()) {
        const auto added = database.transact([](store::Txn& txn) {
            const auto out = summarize_jobs(txn, kStep);
            crash_point("summary.before_commit");
            return out;
        });
        if (added < kStep && !runtime::pause(stop, kPause)) {
            return;
        }
    }
}

}  // namespace lamda::dispatch
