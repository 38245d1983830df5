// Entry point of lamda-node-registry: reads the settings, connects the adapters, starts the loops.
#include "contracts/node_reputation.hpp"
#include "outbox/relay.hpp"
#include "pgingest/pg_lease.hpp"
#include "runtime/app.hpp"
#include "runtime/identity.hpp"
#include "runtime/readiness.hpp"
#include "services/node-registry/config.hpp"
#include "services/node-registry/credentials/access_loop.hpp"
#include "services/node-registry/ingest/journal_repair.hpp"
#include "services/node-registry/ingest/node_store.hpp"
#include "services/node-registry/ingest/projection.hpp"
#include "services/node-registry/presence/presence_loop.hpp"
#include "store/role_privileges.hpp"
#include "streamrunner/stream_runner.hpp"
#include "views/query_handler.hpp"
#include "views/resources.hpp"
#include "wire/subjects.hpp"

namespace lamda::registry {
namespace {

streamrunner::StreamPlan stream_plan() {
    streamrunner::StreamPlan plan;
    plan.name = kStream;
    plan.topics = contracts::node_reputation::all_topics();
    plan.finality.kind = ingest::FinalityRule::Kind::kLatest;
    return plan;
}

/// The issuer of credentials with its own connection to the bus, as a user of the system account.
class Issuance {
  public:
    Issuance(runtime::App& app, const Config& config, store::Database& database, const Clock& clock)
        : system_(config.nats_url.reveal(), "lamda-node-registry-issuer", app.log(), login(*config.issuer)),
          accounts_(config.issuer->keys, system_, clock),
          issuer_(*config.issuer, database, accounts_, clock, app.log(), app.metrics()),
          loop_(database, accounts_, clock, app.log()) {}
    bus::Bus& system() { return system_; }
    Issuer& issuer() { return issuer_; }
    AccessLoop& loop() { return loop_; }

  private:
    static bus::Login login(const IssuerConfig& config) {
        return runtime::make_login(natsauth::name_of(natsauth::Role::kIssuer),
                                   [&config] { return config.keys.system; });
    }
    bus::Bus system_;
    AccountPublisher accounts_;
    Issuer issuer_;
    AccessLoop loop_;
};

int serve(runtime::App& app, const Config& config) {
    auto& log = app.log();
    store::Database database(config.database_url.reveal(), "lamda-node-registry");
    store::DatabaseClock clock(database);
    bus::Bus bus(config.nats_url.reveal(), "lamda-node-registry", log, config.nats_login);
    runtime::prepare_database(app, database, app.config().migrate_on_start, store::kRegistryRole);
    runtime::keep_time(app, clock);
    const telemetry::Context context{clock, log, app.metrics(), app.health()};
    pgingest::PgLease lease(database, kOwner, context);
    streamrunner::StreamRunner stream(app, database, clock, lease, stream_plan(), config.opbnb,
                                      config.reading);
    runtime::Identity identity(app, database, {stream.identity_claim()});
    runtime::watch_bus(app, bus, config.nats_url);
    app.first("settings", [&](const std::stop_token&) {
        database.transact([&](store::Txn& txn) { save_offline_after(txn, config.offline_after); });
    });

    NodeProjection projection(clock, log);
    JournalRepair repair(clock);
    stream.start(projection, repair);

    PresenceLoop presence(database, config.offline_after, clock, log, app.metrics(), app.health());
    app.loop("presence", identity.after_proof([&](const std::stop_token& stop) { presence.run(stop); }));
    outbox::Relay relay(database, bus, kOwner, context);
    app.loop("relay", identity.after_proof([&](const std::stop_token& stop) { relay.run(stop); }));

    views::QueryHandler queries(database, views::kNodes, "nodes", log);
    const auto heartbeats = bus.subscribe(wire::kAllHeartbeats, kOwner, [&](const bus::Message& message) {
        if (identity.prove()) {
            presence.take(message);
        }
    });
    const auto query_subscription =
        bus.subscribe(wire::kNodesQuery, kOwner, [&](const bus::Message& request) {
            if (identity.prove()) {
                bus.respond(request, queries.answer(request.body));
            }
        });

    std::optional<Issuance> issuance;
    if (config.issuer) {
        issuance.emplace(app, config, database, clock);
        app.probe("issuer", [&system = issuance->system()] {
            if (!system.connected()) {
                throw std::runtime_error(system.last_error());
            }
        });
        app.loop("accounts",
                 identity.after_proof([&](const std::stop_token& stop) { issuance->loop().run(stop); }));
    }
    const auto credentials = bus.subscribe(wire::kNodesCredentials, kOwner, [&](const bus::Message& request) {
        if (identity.prove()) {
            bus.respond(request,
                        issuance ? issuance->issuer().answer(request.body) : credentials_not_offered());
        }
    });
    return app.run();
}

}  // namespace
}  // namespace lamda::registry

int main(int argc, char** argv) {
    return lamda::runtime::service_main<lamda::registry::Config>(
        argc, argv, "lamda-node-registry",
        "Keeps the providers that NodeReputation on opBNB registers, and their presence.",
        &lamda::registry::read_config, &lamda::registry::serve);
}
