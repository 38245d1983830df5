#include "wire/subjects.hpp"

#include <array>

namespace lamda::wire {
namespace {

constexpr std::string_view kDispatch = "jobs.dispatch.";
constexpr std::string_view kRetract = "jobs.retract.";
constexpr std::string_view kStatus = "jobs.status.";
constexpr std::string_view kApplied = "jobs.applied.";
constexpr std::string_view kHeartbeat = "nodes.heartbeat.";
constexpr std::string_view kLogs = "jobs.logs.";
constexpr std::string_view kJobEvents = "events.job.";
constexpr std::string_view kNodeEvents = "events.node.";

std::string join(std::string_view prefix, const std::string& last) {
    return std::string(prefix) + last;
}

std::string attempt_id(std::string_view kind, const JobId& job, std::uint32_t attempt) {
    return std::string(kind) + ":" + job.hex() + ":" + std::to_string(attempt);
}

}  // namespace

std::string dispatch_subject(const Address& provider) {
    return join(kDispatch, provider.hex());
}
std::string retract_subject(const Address& provider) {
    return join(kRetract, provider.hex());
}
std::string status_subject(const Address& provider) {
    return join(kStatus, provider.hex());
}
std::string applied_subject(const Address& provider) {
    return join(kApplied, provider.hex());
}
std::string heartbeat_subject(const Address& provider) {
    return join(kHeartbeat, provider.hex());
}
std::string logs_subject(const Address& provider, const JobId& job) {
    return join(kLogs, provider.hex() + "." + job.hex());
}
std::string job_event_subject(const JobId& job) {
    return join(kJobEvents, job.hex());
}
std::string node_event_subject(const Address& provider) {
    return join(kNodeEvents, provider.hex());
}

Result<Address> provider_of(std::string_view subject) {
    for (const auto prefix : std::array{kDispatch, kRetract, kStatus, kHeartbeat}) {
        if (subject.starts_with(prefix)) {
            const auto last = subject.substr(prefix.size());
            const auto address = Address::parse(last);
            // Subjects are compared byte for byte: another case is another subject.
            if (address && address->hex() == last) {
                return *address;
            }
        }
    }
    return Error{"invalid_subject", "no subject that ends with a provider's lowercase address", ""};
}

Result<LogSource> log_source_of(std::string_view subject) {
    if (subject.starts_with(kLogs)) {
        const auto rest = subject.substr(kLogs.size());
        const auto dot = rest.find('.');
        const auto provider = Address::parse(rest.substr(0, dot));
        const auto job = JobId::parse(dot == std::string_view::npos ? "" : rest.substr(dot + 1));
        if (provider && job && logs_subject(*provider, *job) == subject) {
            return LogSource{*provider, *job};
        }
    }
    return Error{"invalid_subject", "no subject of logs with a provider and a job in lowercase", ""};
}

std::string durable_of(const Address& provider) {
    return provider.hex();
}

std::string dispatch_message_id(const JobId& job, std::uint32_t attempt) {
    return attempt_id("dispatch", job, attempt);
}
std::string retract_message_id(const JobId& job, std::uint32_t attempt) {
    return attempt_id("retract", job, attempt);
}
std::string event_message_id(std::int64_t journal_id, const std::string& subject) {
    return "event:" + std::to_string(journal_id) + ":" + subject;
}

}  // namespace lamda::wire
