// Entry point of lamda-node-registry: reads the settings, connects the adapters, starts the loops.
#include "contracts/node_reputation.hpp"
#include "ingest/audit/audit.hpp"
#include "outbox/relay.hpp"
#include "pgingest/pg_lease.hpp"
#include "pgingest/pg_stream_memory.hpp"
#include "rpcpool/endpoint_chain.hpp"
#include "rpcpool/multi_rpc.hpp"
#include "runtime/app.hpp"
#include "runtime/identity.hpp"
#include "runtime/readiness.hpp"
#include "services/node-registry/config.hpp"
#include "services/node-registry/ingest/journal_repair.hpp"
#include "services/node-registry/ingest/node_store.hpp"
#include "services/node-registry/ingest/projection.hpp"
#include "services/node-registry/presence/presence_loop.hpp"
#include "store/role_privileges.hpp"
#include "views/query_handler.hpp"
#include "views/resources.hpp"
#include "wire/subjects.hpp"

namespace lamda::registry {
namespace {

ingest::StreamConfig stream_config(const Config& config) {
    ingest::StreamConfig out;
    out.name = kStream;
    out.contracts = {config.node_reputation};
    out.topics = contracts::node_reputation::all_topics();
    out.start_block = config.start_block;
    out.chain_id = config.chain_id;
    out.finality.kind = ingest::FinalityRule::Kind::kLatest;
    out.finality.max_age = config.finality_max_age;
    out.verify_receipts = config.verify_receipts;
    out.settings = {"OPBNB_RPC_URL", "OPBNB_CHAIN_ID", "NODE_REPUTATION_CONTRACT_ADDRESS",
                    "NODE_REPUTATION_START_BLOCK"};
    return out;
}

runtime::IdentityClaim identity_of(const Config& config, const Clock& clock, const telemetry::Log& log) {
    const auto ask = [&config, &clock, log](ChainId recorded) {
        try {
            rpcpool::require_recorded_chain(
                {.urls = config.opbnb_rpc_urls, .chain = recorded, .timeout = config.rpc_timeout},
                "OPBNB_RPC_URL", clock, log);
        } catch (const rpcpool::ConfigContradiction& e) {
            throw runtime::ConfigError(e.what());
        }
    };
    return {kStream,
            config.chain_id,
            config.node_reputation,
            config.start_block,
            {"OPBNB_CHAIN_ID", "NODE_REPUTATION_CONTRACT_ADDRESS", "NODE_REPUTATION_START_BLOCK"},
            ask,
            false};
}

int serve(runtime::App& app, const Config& config) {
    auto& log = app.log();
    store::Database database(config.database_url.reveal(), "lamda-node-registry");
    store::DatabaseClock clock(database);
    bus::Bus bus(config.nats_url.reveal(), "lamda-node-registry", log);
    runtime::prepare_database(app, database, app.config().migrate_on_start, store::kRegistryRole);
    runtime::keep_time(app, clock);
    runtime::Identity identity(app, database, {identity_of(config, clock, log)});
    runtime::watch_bus(app, bus, config.nats_url);
    app.first("settings", [&](const std::stop_token&) {
        database.transact([&](store::Txn& txn) { save_offline_after(txn, config.offline_after); });
    });

    rpcpool::MultiRpc rpc({.urls = config.opbnb_rpc_urls,
                           .chain = config.chain_id,
                           .timeout = config.rpc_timeout,
                           .agreement = config.rpc_agreement},
                          clock, log);
    NodeProjection projection(clock, log);
    pgingest::Projector projector(database, kStream, projection);
    pgingest::PgStreamMemory memory(database, kStream);
    pgingest::PgLease lease(database, kOwner, log, app.metrics());
    ingest::LogStream stream(stream_config(config), rpc, projector, clock, log, app.metrics(), app.health(),
                             ingest::StreamOptions{.memory = &memory, .lease = &lease});
    app.loop("stream", [&](const std::stop_token& stop) {
        try {
            stream.run(stop);
            lease.release();
        } catch (const rpcpool::ConfigContradiction& e) {
            throw runtime::ConfigError(e.what());
        }
    });

    JournalRepair repair(clock);
    pgingest::PgAudit audited(database, kStream, repair);
    ingest::Audit audit(stream_config(config), config.audit_pace, rpc, audited, clock, log, app.metrics());
    if (config.audit_pace > Millis{0}) {
        app.loop("sweep", [&](const std::stop_token& stop) { audit.run(stop, &lease); });
    }

    PresenceLoop presence(database, config.offline_after, clock, log, app.metrics(), app.health());
    app.loop("presence", identity.after_proof([&](const std::stop_token& stop) { presence.run(stop); }));
    outbox::Relay relay(database, bus, kOwner, log, app.metrics(), app.health());
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
