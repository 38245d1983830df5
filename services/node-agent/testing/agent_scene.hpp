// Shared fixtures of the agent's tests: ids, assignments, and child processes that are killed.
#pragma once

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "services/node-agent/state/journal.hpp"
#include "testkit/process.hpp"

namespace lamda::agent::test {

inline JobId job_id(std::uint8_t number) {
    JobId id;
    id.array().fill(number);
    return id;
}

inline Address address(std::uint8_t number) {
    Address out;
    out.array().fill(number);
    return out;
}

inline wire::Assignment assignment(std::uint8_t job, std::uint32_t attempt) {
    wire::Assignment out;
    out.job_id = job_id(job);
    out.attempt = attempt;
    out.provider = address(0xAA);
    out.docker_image = "lamda/busybox:1.35";
    out.command = {"sh", "-c", "echo \"hello\" > /output/result"};
    out.env = {{"LANG", "C"}};
    out.chain_id = ChainId{97};
    out.block_number = BlockNum{12};
    return out;
}

inline Timestamp start_of_time() {
    return parse_rfc3339("2026-11-20T10:00:00Z").value();
}

/// Runs one hidden test case of this program in its own process, which must be killed at the crash point.
/// The points are read from the environment once, hence the new process. True if the process was killed.
inline bool killed_at(const std::string& crash_point, const std::string& test_case,
                      const std::map<std::string, std::string>& env) {
    testkit::ProcessSpec spec;
    spec.argv = {std::filesystem::read_symlink("/proc/self/exe").string(), test_case};
    spec.env = env;
    spec.env["LAMDA_CRASH_AT"] = crash_point;
    testkit::Process child(spec);
    return child.wait(Millis(60'000)) == 128 + SIGKILL;
}

/// Parameter that the parent process passes to a hidden test case through the environment.
inline std::string from_parent(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace lamda::agent::test
