// Results of the checks of `lamda-node-agent --check`, as lines for people and as JSON.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "terminal/screen.hpp"

namespace lamda::agent {

enum class CheckResult { kOk, kWarning, kFailed };
std::string_view to_string(CheckResult result);  ///< ok | warning | failed

/// One line of the report. It holds no secret: URLs are redacted.
struct Finding {
    std::string name;
    CheckResult result = CheckResult::kOk;
    std::string detail;
    std::string advice = {};  ///< what to do; empty if ok
    bool operator==(const Finding&) const = default;
};

/// A check returns its findings, at least one, or throws: then `name` failed, with the exception's text.
struct Check {
    std::string name;
    std::string advice;  ///< of an exception
    std::function<std::vector<Finding>()> run;
};

/// Result of run_checks().
struct Report {
    std::vector<Finding> findings;  ///< in the order of the checks
    bool complete = true;           ///< false: a thread of an overdue check still runs
    bool ok() const;                ///< no finding is `failed`
};

/// Runs all checks at the same time. A check that has not ended after `timeout` is `failed`; its thread is
/// detached, and the caller must end the process without destructors.
Report run_checks(const std::vector<Check>& checks, Millis timeout);

/// A table, and a line of advice for each finding that is not ok. Pure.
std::string report_table(const Report& report, const terminal::Screen& screen);
/// `{"ok":…,"checks":[{"name","result","detail","advice"}…]}`, a missing advice is null. Pure.
std::string report_json(const Report& report);

}  // namespace lamda::agent
