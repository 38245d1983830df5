// SQL of the summaries of jobs. Runs inside the caller's transaction.
#pragma once

#include <cstddef>

#include "store/database.hpp"

namespace lamda::dispatch {

/// Adds the oldest changes of jobs to the summaries and deletes them, at most `most`. Does nothing while
/// another instance does the same. Returns their number. @throws store errors; the transaction then changes
/// nothing
std::size_t summarize_jobs(store::Txn& txn, std::size_t most);

}  // namespace lamda::dispatch
