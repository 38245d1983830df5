// Checks that need commands of the user: restarts of the agent and of NATS while a job runs.
#include <cstdlib>

#include "tools/cli/conformance/checks.hpp"

namespace lamda::cli::conformance {
namespace {

void run_command(const std::string& command, const char* option) {
    if (command.empty()) {
        throw CheckSkipped(std::string("needs ") + option);
    }
    // The user's own command, from the user's own arguments.
    if (std::system(command.c_str()) != 0) {  // NOLINT(cert-env33-c,concurrency-mt-unsafe)
        throw std::runtime_error(std::string(option) + " failed: " + command);
    }
}

void ends_after(Session& s, const std::string& command, const char* option, const char* seconds) {
    const auto job = s.job({"sleep", seconds});
    if (!command.empty()) {
        s.assign(job);
        s.expect("`running`", [&](const Record& seen) {
            return has_status(seen, job.job_id, 1, wire::StatusKind::kRunning);
        });
    }
    run_command(command, option);
    s.expect("a final status after the restart",
             [&](const Record& seen) { return final_of(seen, job.job_id, 1).has_value(); });
    const auto heartbeats = s.record().heartbeats.size();
    s.expect("a heartbeat after the restart",
             [&](const Record& seen) { return seen.heartbeats.size() > heartbeats; });
    s.expect_works();
    if (const auto fault = course_fault(statuses_only_of(s.record(), job.job_id))) {
        throw CheckFailed("the attempt ran again: " + *fault);
    }
}

}  // namespace

std::vector<Check> restart_checks() {
    return {
        {"restart-agent", "an attempt that runs while the agent is killed ends once",
         "What an agent must do, 3",
         [](Session& s) { ends_after(s, s.config().restart_agent, "--restart-agent", "10"); }},
        {"restart-nats", "statuses are kept while NATS is away", "What an agent must do, 5",
         [](Session& s) { ends_after(s, s.config().restart_nats, "--restart-nats", "5"); }},
    };
}

}  // namespace lamda::cli::conformance
