// SQL of statistics (views api.market_summary, api.address_summary, api.node_history, api.node_presence).
// Every function runs inside the caller's transaction, and reads summaries only, never all jobs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "services/api-gateway/statistics/stats_request.hpp"
#include "store/database.hpp"

namespace lamda::gateway {

/// Jobs whose work ended, by how.
struct Finished {
    std::int64_t completed = 0;
    std::int64_t failed = 0;
    std::int64_t cancelled = 0;
    std::int64_t expired = 0;
};

/// Grades of completion times: see completion_ms().
struct CompletionGrades {
    std::optional<int> p50;  ///< absent: no job was completed
    std::optional<int> p95;
};

struct MarketInterval {
    std::int64_t created = 0;
    std::string volume = "0";  ///< wei
    Finished finished;
    std::int64_t active_nodes = 0;
    CompletionGrades completion;
};

/// Returns the intervals in which anything happened, by their begin.
std::map<Timestamp, MarketInterval> read_market(store::Txn& txn, const MarketRequest& request);

struct StatusSum {
    std::int64_t jobs = 0;
    std::string amount = "0";  ///< wei
};
struct JobStats {
    StatusSum all;                              ///< without retracted jobs
    std::map<std::string, StatusSum> statuses;  ///< by the present status; one without jobs is absent
};
JobStats read_job_stats(store::Txn& txn, const JobStatsRequest& request);

struct NodeWork {
    Finished finished;
    CompletionGrades completion;
};
NodeWork read_node_work(store::Txn& txn, const Address& provider);

/// Share of the time for which a node's presence is known, 30 days at most.
struct OnlineShare {
    std::optional<Timestamp> observed_from;       ///< absent: the node was never online
    std::optional<std::int64_t> ten_thousandths;  ///< rounded down; absent: too short
};
OnlineShare read_online_share(store::Txn& txn, const Address& provider);

/// The database's time.
Timestamp database_now(store::Txn& txn);

}  // namespace lamda::gateway
