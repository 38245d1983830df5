// The journal of one job as a list: each entry with the states before and after it, and with its reason.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/ids.hpp"
#include "core/memory_budget.hpp"
#include "store/database.hpp"
#include "views/list_query.hpp"
#include "views/page.hpp"
#include "wire/job_state.hpp"

namespace lamda::views {

/// States of a job between two entries of its journal.
struct JobStates {
    std::optional<wire::ChainState> chain;  ///< absent: no creation was read yet
    std::optional<wire::WorkState> work;    ///< absent: not evaluated yet
    bool operator==(const JobStates&) const = default;
};

/// Members of a journal entry that decide its effect on the states.
struct HistoryEntry {
    std::string_view kind;  ///< `created`, `confirmed`, `claimed`, or a work fact
    bool orphaned = false;  ///< its block is no longer canonical
    std::optional<std::string> refused_reason;
};

/// Applies an entry as the dispatcher's fold does (services/job-dispatcher/jobs/job_fold.hpp; its test
/// compares the two). Returns the reason why the entry had no effect; absent: it had one, or repeated a
/// state.
std::optional<std::string> apply_entry(JobStates& states, const HistoryEntry& entry);

/// Query of a page: `limit` and `cursor`. The cursor holds the states before the page, so that a page costs
/// no more than its own rows.
struct HistoryQuery {
    ListQuery list;
    JobStates before;
};
/// @throws problem::Problem naming every wrong field
HistoryQuery history_query(const JobId& id, ListRequest request);
/// Reads a page, oldest entry first. @throws problem::Problem as read_page()
Page read_history(store::Txn& txn, const HistoryQuery& query, MemoryBudget& budget);

}  // namespace lamda::views
