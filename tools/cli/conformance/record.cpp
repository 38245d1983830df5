#include "tools/cli/conformance/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace lamda::cli::conformance {
namespace {

using wire::StatusKind;

using AttemptId = std::pair<JobId, std::uint32_t>;

bool is_final(StatusKind kind) {
    return kind == StatusKind::kCompleted || kind == StatusKind::kFailed;
}

std::string name_of(const wire::JobStatus& status) {
    return fmt::format("status {} of attempt {} of job {} (`{}`)", status.seq, status.attempt,
                       status.job_id.hex(), wire::to_string(status.status));
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> out(1);
    for (const char c : text) {
        if (c == separator) {
            out.emplace_back();
        } else {
            out.back() += c;
        }
    }
    return out;
}

/// One attempt, while its statuses are read in order.
struct Course {
    bool running = false;
    bool ended = false;
    std::set<std::string> bodies;
};

Fault next_fault(Course& course, const SeenStatus& seen) {
    const auto& status = *seen.status;
    if (!course.bodies.insert(seen.body).second) {
        return std::nullopt;  // a repetition of the same bytes
    }
    if (course.ended) {
        return name_of(status) + " follows the final status";
    }
    switch (status.status) {
        case StatusKind::kAccepted:
            if (course.running) {
                return name_of(status) + " follows `running`: the attempt has started twice";
            }
            break;
        case StatusKind::kRunning:
            course.running = true;
            break;
        case StatusKind::kCompleted:
            if (!status.output_file_cid || status.exit_code != 0) {
                return name_of(status) + " has no outputFileCID, or an exitCode other than 0";
            }
            break;
        case StatusKind::kFailed:
            if (!status.error_code) {
                return name_of(status) + " has no errorCode";
            }
            break;
    }
    course.ended = is_final(status.status);
    return std::nullopt;
}

}  // namespace

SeenStatus read_status(const std::string& body, const Market& market) {
    const auto parsed = wire::parse_status(body);
    if (!parsed) {
        return {body, std::nullopt, parsed.error().message + " at " + parsed.error().where};
    }
    SeenStatus out{body, *parsed, ""};
    if (parsed->provider != market.provider) {
        out.fault = "provider is " + parsed->provider.hex();
    } else if (const auto verified = wire::verify_status(*parsed, market.domain); !verified.ok()) {
        out.fault = verified.error().message;
    }
    return out;
}

SeenHeartbeat read_heartbeat(const std::string& body, const Market& market, Steady at) {
    const auto parsed = wire::parse_heartbeat(body);
    if (!parsed) {
        return {at, std::nullopt, parsed.error().message + " at " + parsed.error().where};
    }
    SeenHeartbeat out{at, *parsed, ""};
    if (parsed->provider != market.provider) {
        out.fault = "provider is " + parsed->provider.hex();
    } else if (const auto verified = wire::verify_heartbeat(*parsed, market.domain); !verified.ok()) {
        out.fault = verified.error().message;
    }
    return out;
}

std::optional<SeenAnswer> read_answer(const std::string& subject, const std::string& body) {
    // $JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<deliveries>.<stream
    // sequence>.<…>.<time>.<pending>[.<token>]
    constexpr std::size_t kShort = 9;
    constexpr std::size_t kDomain = 2;
    const auto tokens = split(subject, '.');
    if (tokens.size() < kShort || tokens[0] != "$JS" || tokens[1] != "ACK") {
        return std::nullopt;
    }
    const std::size_t skipped = tokens.size() == kShort ? 0 : kDomain;
    const auto& sequence = tokens[5 + skipped];
    constexpr std::size_t kMostDigits = 19;
    if (sequence.empty() || sequence.size() > kMostDigits ||
        sequence.find_first_not_of("0123456789") != std::string::npos) {
        return std::nullopt;
    }
    SeenAnswer out{tokens[2 + skipped], std::stoull(sequence), Answer::kAck};
    if (body.starts_with("-NAK")) {
        out.answer = Answer::kNak;
    } else if (body.starts_with("+TERM")) {
        out.answer = Answer::kTerm;
    } else if (body.starts_with("+WPI")) {
        out.answer = Answer::kProgress;
    }
    return out;
}

std::vector<wire::JobStatus> statuses_of(const Record& record, const JobId& job, std::uint32_t attempt) {
    std::vector<wire::JobStatus> out;
    for (const auto& seen : record.statuses) {
        const bool report = seen.status && seen.status->error_code == wire::ErrorCode::kRetracted;
        if (seen.status && !report && seen.status->job_id == job && seen.status->attempt == attempt) {
            out.push_back(*seen.status);
        }
    }
    return out;
}

Record statuses_only_of(const Record& record, const JobId& job) {
    Record out;
    for (const auto& seen : record.statuses) {
        if (seen.status && seen.status->job_id == job) {
            out.statuses.push_back(seen);
        }
    }
    return out;
}

bool has_status(const Record& record, const JobId& job, std::uint32_t attempt, StatusKind kind) {
    const auto found = statuses_of(record, job, attempt);
    return std::any_of(found.begin(), found.end(), [&](const auto& one) { return one.status == kind; });
}

std::optional<wire::JobStatus> final_of(const Record& record, const JobId& job, std::uint32_t attempt) {
    for (const auto& status : statuses_of(record, job, attempt)) {
        if (is_final(status.status)) {
            return status;
        }
    }
    return std::nullopt;
}

std::size_t finals_of(const Record& record, const JobId& job, std::uint32_t attempt) {
    const auto final = final_of(record, job, attempt);
    const auto found = statuses_of(record, job, attempt);
    return final ? static_cast<std::size_t>(std::count(found.begin(), found.end(), *final)) : 0;
}

bool answered(const Record& record, const std::string& stream, std::uint64_t sequence, Answer answer) {
    return std::any_of(record.answers.begin(), record.answers.end(), [&](const SeenAnswer& one) {
        return one.stream == stream && one.sequence == sequence && one.answer == answer;
    });
}

Fault status_form_fault(const Record& record) {
    for (const auto& seen : record.statuses) {
        if (!seen.fault.empty()) {
            return (seen.status ? name_of(*seen.status) : "a status") + ": " + seen.fault;
        }
    }
    return std::nullopt;
}

Fault numbering_fault(const Record& record) {
    std::map<AttemptId, std::map<std::uint32_t, std::string>> known;
    for (const auto& seen : record.statuses) {
        if (!seen.status) {
            continue;
        }
        auto& bodies = known[{seen.status->job_id, seen.status->attempt}];
        const auto seq = seen.status->seq;
        if (const auto found = bodies.find(seq); found != bodies.end()) {
            if (found->second != seen.body) {
                return name_of(*seen.status) + " has the number of another status";
            }
            continue;
        }
        if (bodies.empty() && seq != 1) {
            return name_of(*seen.status) + " is the first of its attempt; its seq must be 1";
        }
        if (!bodies.empty() && seq < bodies.rbegin()->first) {
            return fmt::format("{} follows status {}", name_of(*seen.status), bodies.rbegin()->first);
        }
        bodies[seq] = seen.body;
    }
    return std::nullopt;
}

Fault course_fault(const Record& record) {
    std::map<AttemptId, Course> courses;
    for (const auto& seen : record.statuses) {
        if (!seen.status) {
            continue;
        }
        if (auto fault = next_fault(courses[{seen.status->job_id, seen.status->attempt}], seen)) {
            return fault;
        }
    }
    return std::nullopt;
}

Fault heartbeat_fault(const Record& record) {
    std::uint64_t newest = 0;
    for (const auto& seen : record.heartbeats) {
        if (!seen.fault.empty()) {
            return "a heartbeat: " + seen.fault;
        }
        if (seen.heartbeat->seq <= newest) {
            return fmt::format("heartbeat {} follows heartbeat {}", seen.heartbeat->seq, newest);
        }
        newest = seen.heartbeat->seq;
    }
    return std::nullopt;
}

Fault pace_fault(const Record& record, Millis longest) {
    for (std::size_t i = 1; i < record.heartbeats.size(); ++i) {
        const auto pause = std::chrono::floor<Millis>(record.heartbeats[i].at - record.heartbeats[i - 1].at);
        if (pause > longest) {
            return fmt::format("no heartbeat for {} ms", pause.count());
        }
    }
    return record.heartbeats.size() < 2 ? Fault("fewer than two heartbeats") : std::nullopt;
}

}  // namespace lamda::cli::conformance
