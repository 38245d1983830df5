// A market whose registry and dispatcher run as processes. The test acts as the agent.
#pragma once

#include <map>
#include <string>

#include "integration/market_fixture.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/journal_store.hpp"

namespace lamda::integration {

inline constexpr auto kDispatcher = "job-dispatcher";

/// A market with one provider whose agent is the test.
struct Dispatch : MarketFixture {
    explicit Dispatch(unsigned slots = 1) : MarketFixture("dispatch", slots) {}

    /// Starts the registry and the dispatcher, with a provider that the registry knows.
    void start_with_provider(const std::map<std::string, std::string>& more = {}) {
        register_node(provider());
        start("node-registry");
        start(kDispatcher, more);
        REQUIRE(testkit::wait_until([&] { return count("registry.node WHERE is_registered") == 1; }));
    }
    void run_to_completion(const JobId& id, std::uint32_t attempt) {
        publish(status(id, wire::StatusKind::kAccepted, attempt, 1));
        publish(status(id, wire::StatusKind::kRunning, attempt, 2));
        publish(status(id, wire::StatusKind::kCompleted, attempt, 3));
        wait_status(id, "completed");
    }
    void require_row_is_fold_of_journal(const JobId& id) {
        database().transact([&](store::Txn& txn) {
            const auto row = dispatch::read_job(txn, id);
            const auto journal = dispatch::read_journals(txn, {id})[id];
            REQUIRE(row.has_value());
            REQUIRE((dispatch::fold(journal) == row));
        });
    }
};

}  // namespace lamda::integration
