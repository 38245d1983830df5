#include "chaos/simulation.hpp"
#include "rpcpool/errors.hpp"

#include <fmt/format.h>

#include "ingest/audit/audit.hpp"
#include "rpcpool/multi_rpc.hpp"

namespace lamda::chaos {

namespace {

/// Time after the faults end within which the stream must reach its end.
constexpr Millis kMostTime{10 * 60 * 1'000};

constexpr int kMaxAuditSteps = 5'000;

std::vector<LogRow> expected_rows(const simulator::Branch& branch, const Scenario& scenario, BlockNum until) {
    const eth::LogFilter filter{scenario.stream.contracts, scenario.stream.topics, {}};
    std::vector<LogRow> out;
    for (auto n = scenario.first_block().value; n <= until.value && n < branch.size(); ++n) {
        for (const auto& log : simulator::ChainView::logs(*branch[n], filter)) {
            out.push_back(row_of(log));
        }
    }
    return out;
}

std::string place(const std::vector<LogRow>& rows, std::size_t at) {
    return at < rows.size() ? fmt::format("block {} log {} ({})", rows[at].block_num.value,
                                          rows[at].log_index, rows[at].block_hash.hex().substr(0, 10))
                            : std::string("nothing");
}

/// First difference; empty: equal.
std::string difference(const std::vector<LogRow>& rows, const std::vector<LogRow>& expected) {
    for (std::size_t i = 0; i < std::max(rows.size(), expected.size()); ++i) {
        if (i >= rows.size() || i >= expected.size() || rows[i] != expected[i]) {
            return fmt::format("row {} is {}, should be {}", i, place(rows, i), place(expected, i));
        }
    }
    return "";
}

/// A stream's knowledge of its endpoints, across restarts.
class Memory final : public ingest::StreamMemory {
  public:
    std::vector<rpcpool::EndpointNote> endpoints() override { return notes_; }
    void remember(const std::vector<rpcpool::EndpointNote>& endpoints, BlockNum, Timestamp) override {
        notes_ = endpoints;
    }

  private:
    std::vector<rpcpool::EndpointNote> notes_;
};

class Simulation {
  public:
    Simulation(const Scenario& scenario, store::Database& database, Trace trace, telemetry::Log log)
        : scenario_(scenario),
          database_(database),
          log_(std::move(log)),
          chain_(scenario.seed, clock_, scenario.miner.age()),
          miner_(prepared(chain_, scenario), clock_, scenario.miner),
          network_(clock_, chain_, scenario.seed, scenario.endpoints),
          sink_(scenario, database, chain_, miner_),
          limit_(clock_.now() + miner_.quiet_after() + kMostTime) {
        network_.trace = trace;
        miner_.trace = std::move(trace);
        network_.meanwhile = [this](Timestamp now) {
            miner_.run_until(now);
            if (now > limit_) {
                late_ = true;
                stop_.request_stop();
            }
        };
    }

    Verdict run() {
        Verdict out;
        const auto start = clock_.steady();
        out.failure = run_scenario(out);
        out.blocks = chain_.height();
        out.reorgs = miner_.reorgs();
        out.deepest_reorg = miner_.deepest_reorg();
        out.calls = network_.calls();
        out.impatient_calls = network_.impatient_calls();
        if (out.failure.empty() && out.impatient_calls > 0) {
            out.failure = fmt::format("{} calls to endpoints during a Retry-After that this process had read",
                                      out.impatient_calls);
        }
        out.took = std::chrono::duration_cast<Millis>(clock_.steady() - start);
        out.sink = sink_.counts();
        out.faults = network_.counts();
        return out;
    }

  private:
    static simulator::ScriptedChain& prepared(simulator::ScriptedChain& chain, const Scenario& scenario) {
        chain.finality_depth = scenario.finality_depth;
        chain.has_finalized = scenario.has_finalized;
        chain.respects_finality = false;  // the miner does, except in scenarios that violate it
        chain.set_code(scenario.miner.contract, BlockNum{scenario.miner.contract_since});
        return chain;
    }

    /// Runs the scenario. Returns the first failure; empty: none.
    std::string run_scenario(Verdict& out) {
        while (true) {
            try {
                one_run();
            } catch (const ingest::FinalityViolated& error) {
                out.halted = true;
                return after_halt(out, error.what());
            } catch (const rpcpool::ConfigContradiction& error) {
                return fmt::format("the stream reports a wrong configuration: {}", error.what());
            }
            if (!sink_.broken().empty()) {
                return sink_.broken();
            }
            if (sink_.finished()) {
                return compare(out);
            }
            if (late_) {
                return fmt::format("{} s after the faults ended the stream is not at its end: {}",
                                   kMostTime.count() / 1'000, state_);
            }
        }
    }

    /// One process run, until it is ended.
    void one_run() {
        stop_ = std::stop_source();
        sink_.begin(stop_);
        network_.another_caller();
        rpcpool::RpcConfig config;
        config.urls = network_.urls();
        config.chain = scenario_.stream.chain_id;
        config.timeout = scenario_.timeout;
        config.agreement = scenario_.agreement;
        config.jitter_seed = static_cast<std::uint32_t>(scenario_.seed + sink_.counts().restarts);
        rpcpool::MultiRpc rpc(config, clock_, log_, network_);
        telemetry::Health health;
        ingest::LogStream stream(scenario_.stream, rpc, sink_, {clock_, log_, metrics_, health},
                                 {.memory = &memory_});
        stream.run(stop_.get_token());
        const auto cursor = sink_.stored_cursor();
        state_ = fmt::format("cursor {}, head {}, final {}", cursor ? cursor->number.value : 0,
                             chain_.height(), chain_.finalized());
        for (const auto& [name, check] : health.checks()) {
            state_ += fmt::format("; {}: {}", name, check.ok ? "ok" : check.detail);
        }
    }

    std::string after_halt(Verdict& out, const std::string& why) {
        if (!sink_.broken().empty()) {
            return sink_.broken();
        }
        if (sink_.violated().empty()) {
            return "the stream stopped without a violation of finality: " + why;
        }
        // Above finality the stream may have followed its own fork; no final row may be missing.
        const auto rows = Rows::read(database_);
        out.rows = rows.size();
        std::map<BlockNum, BlockHash> blocks;
        std::vector<LogRow> final_rows;
        for (const auto& row : rows) {
            blocks.insert_or_assign(row.block_num, row.block_hash);
            if (row.block_num <= sink_.final_reported()) {
                final_rows.push_back(row);
            }
        }
        if (blocks != sink_.stored()) {
            return "rows are missing after the reorg below finality";
        }
        return difference(final_rows, expected_rows(sink_.violated(), scenario_, sink_.final_reported()));
    }

    std::string compare(Verdict& out) {
        const auto& branch = chain_.branch();
        const auto rows = Rows::read(database_);
        out.rows = rows.size();
        const auto cursor = sink_.stored_cursor();
        if (!cursor) {
            return "no cursor";
        }
        if (cursor->number.value >= branch.size() ||
            branch[cursor->number.value]->header.hash != cursor->hash) {
            return fmt::format("the cursor is at block {}, which is not canonical", cursor->number.value);
        }
        const auto expected = expected_rows(branch, scenario_, cursor->number);
        const auto wrong = difference(rows, expected);
        return wrong.empty() ? after_audit(out, expected) : wrong;
    }

    /// Deletes some final rows and adds others: an audit must find them all.
    std::string after_audit(Verdict& out, const std::vector<LogRow>& expected) {
        RowsRepair repairs;
        pgingest::PgAudit audited(database_, scenario_.stream.name, repairs);
        const auto state = audited.state();
        if (!state) {
            return {};  // a short chain: no block is settled
        }
        out.damaged = damage(state->final);
        const auto began = clock_.steady();
        network_.another_caller();
        rpcpool::RpcConfig config;
        config.urls = network_.urls();
        config.chain = scenario_.stream.chain_id;
        config.timeout = scenario_.timeout;
        config.jitter_seed = static_cast<std::uint32_t>(scenario_.seed);
        rpcpool::MultiRpc rpc(config, clock_, log_, network_);
        rpc.chain_id();
        ingest::Audit audit(scenario_.stream, Millis(1'000), rpc, audited, clock_, log_, metrics_);
        for (int steps = 0; audit.step({}) != ingest::Audit::Step::kNothing; ++steps) {
            if (steps == kMaxAuditSteps) {
                return fmt::format("the audit is still at block {} of {}",
                                   audited.state()->upto.value_or(BlockNum{}).value, state->final.value);
            }
            clock_.sleep({}, Millis(1'000));
        }
        out.unsettled = unsettled();
        auto rows = Rows::read(database_);
        sort_rows(rows);
        const auto wrong = difference(rows, expected);
        return wrong.empty() || (out.unsettled > 0 && (cannot_prove() || contradicted(began)))
                   ? ""
                   : fmt::format("after the audit, which left {} blocks: {}", out.unsettled, wrong);
    }

    /// True if no healthy endpoint shows receipts: another endpoint must then confirm, and may not answer.
    bool cannot_prove() const {
        return std::all_of(scenario_.endpoints.begin(), scenario_.endpoints.end(), [&](const auto& plan) {
            return plan.no_receipts || !plan.healthy_from || plan.chain != chain_.id;
        });
    }

    /// True if some endpoint may have been on a fork since then. It contradicts the others about blocks that
    /// are final to them, and an audit defers those blocks.
    bool contradicted(Steady since) const {
        const auto from = std::chrono::duration_cast<Millis>(since - start_);
        const auto to = std::chrono::duration_cast<Millis>(clock_.steady() - start_);
        const auto fork = simulator::Fault::kStaleFork;
        return std::any_of(scenario_.endpoints.begin(), scenario_.endpoints.end(), [&](const auto& plan) {
            if (plan.healthy_from && *plan.healthy_from <= from) {
                return false;
            }
            const auto rate = plan.rates.find(fork);
            return (rate != plan.rates.end() && rate->second > 0) ||
                   std::any_of(plan.episodes.begin(), plan.episodes.end(), [&](const auto& episode) {
                       return episode.fault == fork && episode.from <= to && from < episode.to;
                   });
        });
    }

    std::size_t damage(BlockNum final) {
        return database_.transact([&](store::Txn& txn) {
            const auto gone =
                txn.exec("DELETE FROM sim.log WHERE number <= $1 AND hashtext(seq::text || $2) % 9 = 0",
                         {final, std::to_string(scenario_.seed)});
            const auto invented = txn.exec(
                "INSERT INTO sim.log (number, log_index, hash, tx_hash, data) SELECT number, log_index + "
                "1000, hash, "
                "tx_hash, data FROM sim.log WHERE number <= $1 AND hashtext(seq::text || $2) % 9 = 1",
                {final, std::to_string(scenario_.seed)});
            return gone.affected() + invented.affected();
        });
    }

    std::uint64_t unsettled() {
        return database_.transact([&](store::Txn& txn) {
            const auto row =
                txn.first("SELECT unsettled FROM chain.sweep WHERE stream = $1", {scenario_.stream.name});
            return row ? row->get<std::uint64_t>("unsettled") : 0;
        });
    }

    const Scenario& scenario_;
    store::Database& database_;
    telemetry::Log log_;
    FakeClock clock_{*parse_rfc3339("2026-11-20T10:00:00Z")};
    const Steady start_ = clock_.steady();
    simulator::ScriptedChain chain_;
    simulator::Miner miner_;
    simulator::SimulatedNetwork network_;
    WatchedSink sink_;
    Memory memory_;
    telemetry::Metrics metrics_;
    Timestamp limit_;
    bool late_ = false;
    std::stop_source stop_;
    std::string state_;
};

}  // namespace

Verdict simulate(const Scenario& scenario, store::Database& database, const Trace& trace,
                 const telemetry::Log& log) {
    Rows::clear(database);
    return Simulation(scenario, database, trace, log).run();
}

}  // namespace lamda::chaos
