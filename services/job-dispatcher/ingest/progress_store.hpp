// SQL on the stream's progress. Every function runs inside the caller's transaction.
#pragma once

#include <optional>
#include <string_view>

#include "core/ids.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// The blocks that a transaction makes final, and what its next steps need to know: read by the statement
/// that stores the boundary, because each round trip delays the assignment.
struct NewlyFinal {
    BlockNum after;                 ///< boundary before; 0: none
    BlockNum boundary;              ///< last final block
    bool early_statuses = false;    ///< statuses of jobs without a row wait
    bool indexes_left_out = false;  ///< by a bulk load
};
/// Stores the stream's head and boundary, for readers of api.job.
NewlyFinal save_progress(store::Txn& txn, BlockNum head, BlockNum boundary);
/// Stores the boundary. Does nothing before the stream's first batch.
NewlyFinal save_boundary(store::Txn& txn, BlockNum boundary);
/// Returns 0 before the stream's first batch.
BlockNum read_boundary(store::Txn& txn);
/// Returns the chain that the stream was bound to at its first batch; nullopt before.
std::optional<ChainId> bound_chain(store::Txn& txn, std::string_view stream);

/// Chain and contract of the jobs.
struct BoundMarket {
    ChainId chain_id;
    Address job_manager;
};
/// Returns chain and contract that the stream was bound to at its first batch; nullopt before.
std::optional<BoundMarket> bound_market(store::Txn& txn, std::string_view stream);

}  // namespace lamda::dispatch
