// Keeps the summaries of jobs up to date.
#pragma once

#include <stop_token>

#include "store/database.hpp"

namespace lamda::dispatch {

/// Until stopped: adds the changes of jobs to the summaries, in steps, each in one transaction. Any number of
/// instances may do so. @throws store errors; the changes of the failed step stay
void keep_summaries(store::Database& database, const std::stop_token& stop);

}  // namespace lamda::dispatch
