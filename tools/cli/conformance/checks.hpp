// The checks of `lamda agent verify`: one promise of docs/protocol.md each.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tools/cli/conformance/session.hpp"

namespace lamda::cli::conformance {

struct Check {
    const char* name;     ///< for --only
    const char* promise;  ///< what the agent does
    const char* section;  ///< heading of docs/protocol.md, with the number of a duty
    /// Throws CheckFailed or CheckSkipped.
    void (*run)(Session& session);
};
/// In the order of their run. Checks of the whole record are at the end.
const std::vector<Check>& all_checks();

enum class Outcome { kPassed, kFailed, kSkipped };
std::string_view to_string(Outcome outcome);
struct Result {
    const Check* check = nullptr;
    Outcome outcome = Outcome::kPassed;
    std::string detail;  ///< what was broken, or why it was not checked
};
/// Waits for the agent's first heartbeat, then runs the checks.
/// @param only names; empty: all. Checks of the record always run
/// @param on_result called after each check
/// @throws std::runtime_error if no heartbeat arrives, or NATS fails
std::vector<Result> run_checks(Session& session, const std::set<std::string>& only,
                               const std::function<void(const Result&)>& on_result);

/// Groups of all_checks(): ordinary work, odd orders, bad messages, restarts, the whole record.
std::vector<Check> work_checks();
std::vector<Check> order_checks();
std::vector<Check> bad_message_checks();
std::vector<Check> restart_checks();
std::vector<Check> record_checks();

}  // namespace lamda::cli::conformance
