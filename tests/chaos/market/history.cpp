#include "chaos/market/history.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lamda::chaos {

namespace {

const std::set<std::string> kEnds{"completed", "confirmed", "paid", "failed", "cancelled", "expired"};
/// Steps of a completed job's settlement.
int settlement(const std::string& status) {
    return status == "completed" ? 1 : status == "confirmed" ? 2 : status == "paid" ? 3 : 0;
}

using Faults = std::vector<std::string>;

void judge_sightings(const JobId& job, const std::vector<JobSighting>& seen, Faults& faults) {
    for (std::size_t i = 1; i < seen.size(); ++i) {
        const auto& before = seen[i - 1];
        const auto& after = seen[i];
        if (after.attempt < before.attempt) {
            faults.push_back(
                fmt::format("{}: attempt went back from {} to {}", job.hex(), before.attempt, after.attempt));
        }
        if (kEnds.contains(before.status) && after.status != before.status &&
            settlement(after.status) <= settlement(before.status)) {
            faults.push_back(fmt::format("{}: {} after its end {}", job.hex(), after.status, before.status));
        }
    }
}

void judge_end(const JobId& job, const Expectation& expected, const History& history, Faults& faults) {
    const auto found = history.sightings.find(job);
    if (found == history.sightings.end() || found->second.empty()) {
        faults.push_back(fmt::format("{} ({}): never seen", job.hex(), expected.kind));
        return;
    }
    const auto& last = found->second.back();
    const bool reason = expected.errors.empty() ||
                        std::any_of(expected.errors.begin(), expected.errors.end(),
                                    [&](const auto& each) { return last.error.starts_with(each); });
    if (!expected.end.contains(last.status) || !reason) {
        faults.push_back(fmt::format("{} ({}): ended as {}, error \"{}\"", job.hex(), expected.kind,
                                     last.status, last.error));
    }
    if (expected.output) {
        const auto output = history.outputs.find(job);
        if (output == history.outputs.end()) {
            faults.push_back(fmt::format("{} ({}): no output is known", job.hex(), expected.kind));
        } else if (output->second != *expected.output) {
            faults.push_back(
                fmt::format("{} ({}): its output is not what it wrote", job.hex(), expected.kind));
        }
    }
    const auto rewards = history.rewards.find(job);
    const int count = rewards == history.rewards.end() ? 0 : rewards->second;
    const int due = settlement(last.status) > 1 ? 1 : 0;
    if (count != due) {
        faults.push_back(
            fmt::format("{} ({}, {}): rewarded {} times", job.hex(), expected.kind, last.status, count));
    }
}

std::string job_of(const std::string& container) {
    return container.substr(0, container.rfind('-'));
}

void judge_containers(const History& history, Faults& faults) {
    std::map<std::string, int> starts;
    std::map<std::string, std::set<std::string>> running;  // job → containers
    auto kills = history.engine_kills;
    std::sort(kills.begin(), kills.end());
    auto events = history.containers;
    std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    auto kill = kills.begin();
    for (const auto& event : events) {
        for (; kill != kills.end() && *kill <= event.at; ++kill) {
            running.clear();
        }
        auto& of_job = running[job_of(event.name)];
        if (!event.started) {
            of_job.erase(event.name);
            continue;
        }
        if (++starts[event.name] == 2) {
            faults.push_back(event.name + ": started twice");
        }
        for (const auto& other : of_job) {
            faults.push_back(event.name + ": started while " + other + " ran");
        }
        of_job.insert(event.name);
    }
}

std::map<JobId, std::string> newest_statuses(const FeedHistory& feed) {
    std::map<JobId, std::string> out;
    for (const auto& entry : feed.entries) {
        if (entry.job) {
            out[*entry.job] = entry.status;
        }
    }
    return out;
}

void judge_feed(const History& history, Faults& faults) {
    const auto& feed = history.feed;
    for (std::size_t i = 1; i < feed.entries.size(); ++i) {
        const auto before = feed.entries[i - 1].number;
        const auto after = feed.entries[i].number;
        if (after != before + 1) {
            faults.push_back(fmt::format("live feed: event {} after event {}", after, before));
        }
    }
    for (const auto& interruption : feed.interruptions) {
        faults.push_back("live feed: " + interruption);
    }
    if (feed.snapshots != 1) {
        faults.push_back(fmt::format("live feed: {} snapshots", feed.snapshots));
    }
    const auto newest = newest_statuses(feed);
    for (const auto& [job, expected] : history.expected) {
        const auto seen = history.sightings.find(job);
        const auto told = newest.find(job);
        const std::string last = told == newest.end() ? "nothing" : told->second;
        if (seen != history.sightings.end() && !seen->second.empty() && seen->second.back().status != last) {
            faults.push_back(
                fmt::format("{}: is {}, the live feed says {}", job.hex(), seen->second.back().status, last));
        }
    }
}

}  // namespace

bool has_caught_up(const FeedHistory& feed, const History& history) {
    const auto newest = newest_statuses(feed);
    return std::all_of(history.expected.begin(), history.expected.end(), [&](const auto& each) {
        const auto seen = history.sightings.find(each.first);
        const auto told = newest.find(each.first);
        return seen != history.sightings.end() && told != newest.end() &&
               seen->second.back().status == told->second;
    });
}

bool has_ended(const Expectation& expected, const std::vector<JobSighting>& sightings) {
    return !sightings.empty() && expected.end.contains(sightings.back().status) &&
           (!expected.output || !sightings.back().output_cid.empty());
}

std::vector<std::string> judge(const History& history) {
    Faults faults;
    for (const auto& [job, seen] : history.sightings) {
        judge_sightings(job, seen, faults);
    }
    for (const auto& [job, expected] : history.expected) {
        judge_end(job, expected, history, faults);
    }
    judge_containers(history, faults);
    judge_feed(history, faults);
    for (const auto& leftover : history.leftovers) {
        faults.push_back("left over: " + leftover);
    }
    return faults;
}

}  // namespace lamda::chaos
