// Evaluates jobs that are final, and sends assignments. The rows are the work queue; notifications only wake
// the loop.
#pragma once

#include <map>
#include <set>
#include <span>
#include <stop_token>
#include <vector>

#include "services/job-dispatcher/bus/bus_setup.hpp"
#include "services/job-dispatcher/bus/status_catch_up.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "services/job-dispatcher/ingest/progress_store.hpp"
#include "telemetry/context.hpp"

namespace lamda::dispatch {

class AssignmentLoop {
  public:
    AssignmentLoop(store::Database& database, BusSetup& setup, Deployment& deployment,
                   const StreamProgress& progress, const StatusCatchUp& catch_up,
                   const telemetry::Context& context);
    void run(const std::stop_token& stop);
    /// Evaluates at most `most` jobs; returns their number. Does nothing before the stream has caught up and
    /// the statuses of a former database are read. @throws bus and store errors
    std::size_t pass(std::size_t most);
    /// Sends the attempts whose pause after a transient failure is over; returns their number. Under the same
    /// conditions.
    std::size_t send_due(std::size_t most);

    /// Evaluates the jobs that the caller's transaction makes final, so that their assignments leave without
    /// a second commit. Does nothing if there are many. Returns false if a job has no attempt yet: pass() or
    /// the look-up of specs continues with it. For the thread of the stream.
    bool evaluate_within(store::Txn& txn, const NewlyFinal& blocks);
    /// Reports that the transaction of evaluate_within() is committed. Without this report the next
    /// evaluate_within() does nothing: a repetition of the transaction must not fail for the same reason.
    void committed();

  private:
    /// Ensures the provider's durables. False if the server refuses them: the provider's jobs wait for a
    /// while, those of other providers do not. @throws bus::Unavailable
    bool ensure(const Address& provider);
    /// Evaluates the jobs; many of them in two transactions at a time.
    void evaluate(std::span<const JobId> jobs, const std::set<Address>& reachable);
    std::vector<Address> refused() const;
    void note_sent(std::size_t count);
    bool may_assign() const { return progress_.caught_up() && catch_up_.done(); }

    store::Database& database_;
    BusSetup& setup_;
    Deployment& deployment_;
    const StreamProgress& progress_;
    const StatusCatchUp& catch_up_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Counter assigned_;
    telemetry::Counter sent_again_;
    std::map<Address, Steady> refused_until_;  ///< providers whose durables were refused
    bool evaluating_ = false;                  ///< evaluate_within() was called, committed() was not
    std::size_t sent_within_ = 0;              ///< attempts of evaluate_within()
};

}  // namespace lamda::dispatch
