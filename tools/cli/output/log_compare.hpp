// The chain's logs against the journal's.
#pragma once

#include <string>
#include <vector>

#include "tools/cli/output/log_entry.hpp"

namespace lamda::cli {

struct Difference {
    enum class Kind {
        kMissing,    ///< the chain has it, the journal has not
        kSurplus,    ///< the journal has it, the chain has not
        kDifferent,  ///< both have a log there, and not the same
    } kind;
    LogEntry entry;      ///< the chain's; of a surplus one the journal's
    std::string detail;  ///< kDifferent: what differs, with the journal's value
};
std::string_view to_string(Difference::Kind kind);

/// Of the same blocks, both by block and log index, ascending.
std::vector<Difference> compare(const std::vector<LogEntry>& chain, const std::vector<LogEntry>& journal);

}  // namespace lamda::cli
