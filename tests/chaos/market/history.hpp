// History of a run as clients saw it, and the judge of it. The judge is pure.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/ids.hpp"

namespace lamda::chaos {

/// One observation of a job over REST.
struct JobSighting {
    std::string status;
    std::uint32_t attempt = 0;
    std::string error;
    std::string output_cid;
    bool operator==(const JobSighting&) const = default;
};

/// Start or end of a container, by the engine's clock (nanoseconds). An engine that is killed ends all.
struct ContainerEvent {
    std::string name;  ///< lamda-<jobId>-<attempt>
    bool started = false;
    std::int64_t at = 0;
};

/// The end that a job must come to.
struct Expectation {
    std::string kind;                   ///< for the report: success, failure, …
    std::set<std::string> end;          ///< public statuses, one of which is the last
    std::vector<std::string> errors;    ///< beginnings of error_message, one of which it has; empty: any
    std::optional<std::string> output;  ///< content of /output/result
};

/// One event of the live feed. Its number counts all events of the market.
struct FeedEntry {
    std::uint64_t number = 0;
    std::optional<JobId> job;  ///< absent: an event of a node
    std::string status;        ///< of the job
};

/// Messages that a client of the live feed got which always continued after its last event.
struct FeedHistory {
    std::vector<FeedEntry> entries;          ///< in order
    int snapshots = 0;                       ///< one, at the beginning
    std::vector<std::string> interruptions;  ///< messages by which a client learns that it missed something
};

struct History {
    std::map<JobId, Expectation> expected;
    std::map<JobId, std::vector<JobSighting>> sightings;  ///< changes, in order
    std::vector<ContainerEvent> containers;
    std::vector<std::int64_t> engine_kills;
    std::map<JobId, int> rewards;          ///< increments on opBNB
    std::map<JobId, std::string> outputs;  ///< content of /output/result, by the output's CID
    FeedHistory feed;
    std::vector<std::string> leftovers;  ///< containers, job folders, messages that should be gone
};

/// Returns the broken promises, one sentence each; empty: none. Judged are: the end of each job, no way back
/// from an end, attempts that only rise, one start of each attempt, no two containers of a job at one time,
/// one reward for each paid job and none for others, outputs, leftovers, every event of the live feed once.
std::vector<std::string> judge(const History& history);

/// True if the newest event of each expected job shows its last sighting.
bool has_caught_up(const FeedHistory& feed, const History& history);

/// True if the job has come to its end, and its output is known if it is to have one. The chain may show a
/// job as paid before the agent's status with the output arrives: the bus may have lost it, and it comes
/// again.
bool has_ended(const Expectation& expected, const std::vector<JobSighting>& sightings);

}  // namespace lamda::chaos
