#include "streamrunner/stream_runner.hpp"

#include <optional>

#include "ingest/audit/audit.hpp"
#include "pgingest/pg_stream_memory.hpp"
#include "pgingest/write_behind.hpp"
#include "rpcpool/endpoint_chain.hpp"

namespace lamda::streamrunner {

struct StreamRunner::Parts {
    Parts(const StreamRunner& runner, pgingest::Projection& projection, pgingest::Repairable& journal)
        : config(runner.stream_config()),
          projector(runner.database_, config.name, projection),
          memory(runner.database_, config.name),
          audit_rows(runner.database_, config.name, journal) {
        if (runner.plan_.write_behind) {
            writer.emplace(projector);
        }
    }
    ingest::StreamSink& sink() { return writer ? static_cast<ingest::StreamSink&>(*writer) : projector; }

    const ingest::StreamConfig config;
    pgingest::Projector projector;
    std::optional<pgingest::WriteBehind> writer;
    pgingest::PgStreamMemory memory;
    pgingest::PgAudit audit_rows;
    std::optional<ingest::LogStream> stream;
    std::optional<ingest::Audit> audit;
};

StreamRunner::StreamRunner(runtime::App& app, store::Database& database, const Clock& clock,
                           pgingest::PgLease& lease, StreamPlan plan, const ChainSettings& chain,
                           const ReadSettings& reading)
    : app_(app),
      database_(database),
      clock_(clock),
      lease_(lease),
      plan_(std::move(plan)),
      chain_(chain),
      reading_(reading),
      rpc_(rpc_config(chain, reading), clock, app.log()) {}

StreamRunner::~StreamRunner() = default;

ingest::StreamConfig StreamRunner::stream_config() const {
    ingest::StreamConfig out;
    out.name = plan_.name;
    out.contracts = {chain_.contract};
    out.topics = plan_.topics;
    out.start_block = chain_.start_block;
    out.chain_id = chain_.chain_id;
    out.finality = plan_.finality;
    out.finality.max_age = chain_.finality_max_age;
    out.only_final = plan_.only_final;
    out.verify_receipts = reading_.verify_receipts;
    out.settings = chain_.names;
    return out;
}

runtime::IdentityClaim StreamRunner::identity_claim() const {
    const auto ask = [this](ChainId recorded) {
        or_config_error([&] {
            rpcpool::require_recorded_chain(
                {.urls = chain_.urls, .chain = recorded, .timeout = reading_.rpc_timeout},
                chain_.names.endpoints, clock_, app_.log());
        });
    };
    return {plan_.name,
            chain_.chain_id,
            chain_.contract,
            chain_.start_block,
            {chain_.names.chain_id, chain_.names.contracts, chain_.names.start_block},
            ask,
            false};
}

void StreamRunner::start(pgingest::Projection& projection, pgingest::Repairable& journal) {
    parts_ = std::make_unique<Parts>(*this, projection, journal);
    auto& parts = *parts_;
    parts.stream.emplace(parts.config, rpc_, parts.sink(),
                         telemetry::Context{clock_, app_.log(), app_.metrics(), app_.health()},
                         ingest::StreamOptions{.memory = &parts.memory, .lease = &lease_});
    app_.loop(plan_.stream_loop, [this, &parts](const std::stop_token& stop) {
        or_config_error([&] { parts.stream->run(stop); });
        if (parts.writer) {
            parts.writer->settle();
        }
        if (plan_.releases_lease) {
            lease_.release();
        }
    });
    if (reading_.audit_pace > Millis{0}) {
        parts.audit.emplace(parts.config, reading_.audit_pace, rpc_, parts.audit_rows, clock_, app_.log(),
                            app_.metrics());
        app_.loop(plan_.audit_loop,
                  [this, &parts](const std::stop_token& stop) { parts.audit->run(stop, &lease_); });
    }
}

}  // namespace lamda::streamrunner
