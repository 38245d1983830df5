// Comparison of the chain's logs with a journal's entries.
#pragma once

#include <string>
#include <vector>

#include "tools/cli/output/log_entry.hpp"

namespace lamda::cli {

struct Difference {
    enum class Kind {
        kMissing,    ///< on the chain, not in the journal
        kSurplus,    ///< in the journal, not on the chain
        kDifferent,  ///< both have a log at this place, with different content
    } kind;
    LogEntry entry;      ///< the chain's; kSurplus: the journal's
    std::string detail;  ///< kDifferent: the fields that differ, with the journal's values
};
std::string_view to_string(Difference::Kind kind);

/// Compares entries of the same blocks; both lists ascend by block and log index.
std::vector<Difference> compare(const std::vector<LogEntry>& chain, const std::vector<LogEntry>& journal);

}  // namespace lamda::cli
