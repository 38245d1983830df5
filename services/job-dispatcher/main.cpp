// Entry point of lamda-job-dispatcher: reads the settings, connects the adapters, starts the loops.
#include <functional>

#include "ipfs/lookup_config.hpp"
#include "net/http_client.hpp"
#include "outbox/relay.hpp"
#include "pgingest/pg_lease.hpp"
#include "runtime/app.hpp"
#include "runtime/identity.hpp"
#include "runtime/readiness.hpp"
#include "services/job-dispatcher/bus/bus_contents.hpp"
#include "services/job-dispatcher/bus/command_handler.hpp"
#include "services/job-dispatcher/bus/heartbeats.hpp"
#include "services/job-dispatcher/bus/log_loop.hpp"
#include "services/job-dispatcher/bus/status_loop.hpp"
#include "services/job-dispatcher/config.hpp"
#include "services/job-dispatcher/dispatch/assignment_loop.hpp"
#include "services/job-dispatcher/dispatch/spec_fetch_loop.hpp"
#include "services/job-dispatcher/ingest/job_manager_source.hpp"
#include "services/job-dispatcher/ingest/journal_repair.hpp"
#include "services/job-dispatcher/ingest/projection.hpp"
#include "services/job-dispatcher/jobs/attempt_store.hpp"
#include "services/job-dispatcher/summary/summary_loop.hpp"
#include "store/role_privileges.hpp"
#include "streamrunner/stream_runner.hpp"
#include "views/query_handler.hpp"
#include "views/resources.hpp"
#include "wire/heartbeat_check.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {
namespace {

streamrunner::StreamPlan stream_plan(const Config& config, const JobFactSource& source) {
    streamrunner::StreamPlan plan;
    plan.name = kStream;
    plan.topics = source.topics();
    plan.finality = config.finality;
    plan.write_behind = true;
    return plan;
}

/// Starts the loops of `fetch` if a content store is configured.
void start_spec_loops(runtime::App& app, runtime::Identity& identity, SpecFetchLoop& fetch,
                      const Config& config) {
    if (config.ipfs_api_url.empty() && config.ipfs_gateways.empty()) {
        return;
    }
    app.loop("specs", identity.after_proof([&](const std::stop_token& stop) { fetch.watch(stop); }));
    for (int i = 1; i <= SpecFetchLoop::kLookups; ++i) {
        app.loop("spec_fetch_" + std::to_string(i),
                 identity.after_proof([&](const std::stop_token& stop) { fetch.poll_once(stop); }));
    }
}

/// Subscribes to heartbeats; those with a valid signature count for `presence`.
bus::Subscription subscribe_heartbeats(bus::Bus& bus, runtime::Identity& identity,
                                       const Deployment& deployment, PresenceClock& presence,
                                       const Clock& clock) {
    TokenBuckets<Address> shares(wire::kHeartbeatBurst, wire::kHeartbeatsPerSecond);
    return bus.subscribe(wire::kAllHeartbeats, "", [&, shares](const bus::Message& message) mutable {
        const auto domain = deployment.domain();
        if (domain && identity.prove()) {
            note_heartbeat(message, shares, presence, *domain, clock);
        }
    });
}

/// Not ready until the statuses of before this database are read.
void probe_statuses(runtime::App& app, const StatusCatchUp& catch_up) {
    app.probe("statuses", [&] {
        if (!catch_up.done()) {
            throw std::runtime_error("catching up on earlier job statuses");
        }
    });
}

store::SessionLimits session_limits() {
    store::SessionLimits out;
    out.without_parallel_and_jit = true;  // the statements are short, also those over many jobs
    return out;
}

OnFinal evaluation_by(AssignmentLoop& loop) {
    return {[&loop](store::Txn& txn, const NewlyFinal& blocks) { return loop.evaluate_within(txn, blocks); },
            [&loop] { loop.committed(); }};
}

int serve(runtime::App& app, const Config& config) {
    auto& log = app.log();
    auto& metrics = app.metrics();
    store::Database database(config.database_url.reveal(), "lamda-job-dispatcher", 8, session_limits());
    store::DatabaseClock clock(database);
    bus::Bus bus(config.nats_url.reveal(), "lamda-job-dispatcher", log, config.nats_login);
    runtime::prepare_database(app, database, app.config().migrate_on_start, store::kDispatcherRole);
    runtime::keep_time(app, clock);
    const telemetry::Context context{clock, log, metrics, app.health()};
    const JobManagerSource source;
    pgingest::PgLease lease(database, kOutboxOwner, context);
    streamrunner::StreamRunner stream(app, database, clock, lease, stream_plan(config, source), config.bsc,
                                      config.reading);
    runtime::Identity identity(app, database, {stream.identity_claim()});
    runtime::watch_bus(app, bus, config.nats_url);

    Deployment deployment(config.bsc.contract, config.bsc.chain_id, config.max_attempts, config.retry_pause);
    StreamProgress progress;
    BusSetup setup(bus, config.status_bytes, bus_contents(database, log), log, metrics, app.health());
    StatusCatchUp catch_up(database);
    PresenceClock presence;

    AssignmentLoop assignments(database, setup, deployment, progress, catch_up, context);
    JobProjection projection(database, source, deployment, progress, clock, log);
    projection.on_final(evaluation_by(assignments));
    JournalRepair repair(source, deployment, clock);
    stream.start(projection, repair);

    app.loop("judge", identity.after_proof([&](const std::stop_token& stop) { assignments.run(stop); }));
    StatusLoop statuses(database, bus, setup, deployment, progress, catch_up, context);
    app.loop("statuses", identity.after_proof([&](const std::stop_token& stop) { statuses.run(stop); }));
    LogLoop logs(database, bus, setup, config.log_keep, context);
    app.loop("logs", identity.after_proof([&](const std::stop_token& stop) { logs.run(stop); }));
    TimeoutLoop timeouts(
        database, config.clock, deployment, progress, presence,
        [&] { return statuses.up_to_date(Millis(5'000)); }, context);
    app.loop("clock", identity.after_proof([&](const std::stop_token& stop) { timeouts.run(stop); }));
    outbox::Relay relay(database, bus, kOutboxOwner, context);
    relay.on_refusal([&] { setup.poll_soon(); });
    relay.track_positions([&] { setup.poll_soon(); });
    app.loop("relay", identity.after_proof([&](const std::stop_token& stop) { relay.run(stop); }));
    app.loop("summaries",
             identity.after_proof([&](const std::stop_token& stop) { keep_summaries(database, stop); }));
    app.loop("bus", [&](const std::stop_token& stop) { setup.run(stop); });

    net::HttpClient http;
    ipfs::ContentStore content(ipfs::lookup_config(config.ipfs_api_url, config.ipfs_gateways), http);
    SpecFetchLoop spec_fetch(database, content, clock, log);
    start_spec_loops(app, identity, spec_fetch, config);

    CommandHandler commands(database, deployment, config.operator_token, clock, log, metrics);
    views::QueryHandler queries(database, views::kJobs, "jobs", log);
    const auto answering = [&](const char* subject, auto& handler) {
        return bus.subscribe(subject, kOutboxOwner, [&](const bus::Message& request) {
            if (identity.prove()) {
                bus.respond(request, handler.answer(request.body));
            }
        });
    };
    const auto heartbeat_subscription = subscribe_heartbeats(bus, identity, deployment, presence, clock);
    const auto command_subscription = answering(wire::kJobsCommand, commands);
    const auto query_subscription = answering(wire::kJobsQuery, queries);
    probe_statuses(app, catch_up);
    return app.run();
}

}  // namespace
}  // namespace lamda::dispatch

int main(int argc, char** argv) {
    return lamda::runtime::service_main<lamda::dispatch::Config>(
        argc, argv, "lamda-job-dispatcher",
        "Assigns jobs that are created on BSC to node agents, and tracks their state.",
        &lamda::dispatch::read_config, &lamda::dispatch::serve);
}
