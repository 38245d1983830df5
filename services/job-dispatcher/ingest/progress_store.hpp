// SQL on the stream's progress. Every function runs inside the caller's transaction.
#pragma once

#include <optional>
#include <string_view>

#include "core/ids.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Stores the stream's head and boundary, for readers of api.job.
void save_progress(store::Txn& txn, BlockNum head, BlockNum boundary);
/// Stores the boundary. Does nothing before the stream's first batch.
void save_boundary(store::Txn& txn, BlockNum boundary);
/// Returns 0 before the stream's first batch.
BlockNum read_boundary(store::Txn& txn);
/// Returns the chain that the stream was bound to at its first batch; nullopt before.
std::optional<ChainId> bound_chain(store::Txn& txn, std::string_view stream);

}  // namespace lamda::dispatch
