// Table of the checks, their run, and the checks of the whole record.
#include "tools/cli/conformance/checks.hpp"

#include <algorithm>

namespace lamda::cli::conformance {
namespace {

/// An agent sends one every 5 s.
constexpr Millis kLongestPause{12'000};

void judge(const Fault& fault) {
    if (fault) {
        throw CheckFailed(*fault);
    }
}

bool of_record(const Check& check) {
    const auto checks = record_checks();
    return std::any_of(checks.begin(), checks.end(),
                       [&](const Check& one) { return std::string_view(one.name) == check.name; });
}

Result run_one(Session& session, const Check& check) {
    Result out{&check, Outcome::kPassed, ""};
    try {
        check.run(session);
    } catch (const CheckFailed& failed) {
        out.outcome = Outcome::kFailed;
        out.detail = failed.what();
    } catch (const CheckSkipped& skipped) {
        out.outcome = Outcome::kSkipped;
        out.detail = skipped.what();
    }
    session.clean_up();
    return out;
}

}  // namespace

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::kPassed:
            return "passed";
        case Outcome::kFailed:
            return "failed";
        case Outcome::kSkipped:
            return "skipped";
    }
    return "";
}

std::vector<Check> record_checks() {
    return {
        {"status-form", "each status fits its schema and is signed by the provider for this market",
         "How statuses and heartbeats are signed", [](Session& s) { judge(status_form_fault(s.record())); }},
        {"numbers", "seq starts at 1 in each attempt, rises, and is never used for two statuses",
         "What an agent must do, 5", [](Session& s) { judge(numbering_fault(s.record())); }},
        {"course", "accepted, running, one final status; repetitions have the same bytes",
         "What an agent must do, 3 and 6", [](Session& s) { judge(course_fault(s.record())); }},
        {"heartbeats", "heartbeats are signed, and each number is greater than all before",
         "What an agent must do, 9", [](Session& s) { judge(heartbeat_fault(s.record())); }},
    };
}

const std::vector<Check>& all_checks() {
    static const auto checks = [] {
        std::vector<Check> out;
        const auto add = [&](std::vector<Check> group) { out.insert(out.end(), group.begin(), group.end()); };
        add(work_checks());
        add({{"pace", "a heartbeat every 5 s", "Messages, Heartbeat", [](Session& s) {
                  s.expect("a second heartbeat",
                           [](const Record& seen) { return seen.heartbeats.size() > 1; });
                  judge(pace_fault(s.record(), kLongestPause * s.config().patience));
              }}});
        add(order_checks());
        add(bad_message_checks());
        add(restart_checks());
        add(record_checks());
        return out;
    }();
    return checks;
}

std::vector<Result> run_checks(Session& session, const std::set<std::string>& only,
                               const std::function<void(const Result&)>& on_result) {
    const auto present = [](const Record& seen) {
        return std::any_of(seen.heartbeats.begin(), seen.heartbeats.end(), [](const SeenHeartbeat& one) {
            return one.heartbeat && one.heartbeat->capacity > 0;
        });
    };
    if (!session.wait(present, Session::kLongest)) {
        throw std::runtime_error("no heartbeat with a free capacity on nodes.heartbeat." +
                                 session.config().provider.hex() + ": start the agent on this server");
    }
    std::vector<Result> out;
    for (const auto& check : all_checks()) {
        if (only.empty() || only.contains(check.name) || of_record(check)) {
            out.push_back(run_one(session, check));
            on_result(out.back());
        }
    }
    return out;
}

}  // namespace lamda::cli::conformance
