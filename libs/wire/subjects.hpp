// All NATS subjects, streams, durables and message ids. Addresses in subjects are lowercase.
#pragma once

#include <string>

#include "core/ids.hpp"

namespace lamda::wire {

std::string dispatch_subject(const Address& provider);   ///< jobs.dispatch.<provider>
std::string retract_subject(const Address& provider);    ///< jobs.retract.<provider>
std::string status_subject(const Address& provider);     ///< jobs.status.<provider>
std::string applied_subject(const Address& provider);    ///< jobs.applied.<provider>
std::string heartbeat_subject(const Address& provider);  ///< nodes.heartbeat.<provider>
std::string logs_subject(const Address& provider, const JobId& job);
std::string job_event_subject(const JobId& job);
std::string node_event_subject(const Address& provider);
inline constexpr auto kGlobalEvents = "events.global";
inline constexpr auto kJobsCommand = "jobs.command";
inline constexpr auto kJobsQuery = "jobs.query";
inline constexpr auto kNodesQuery = "nodes.query";
inline constexpr auto kNodesCredentials = "nodes.credentials";
inline constexpr auto kAllHeartbeats = "nodes.heartbeat.*";
inline constexpr auto kAllStatuses = "jobs.status.*";
inline constexpr auto kAllLogs = "jobs.logs.*.*";

/// The address at the end of dispatch, retract, status and heartbeat subjects. Errors: `invalid_subject`.
Result<Address> provider_of(std::string_view subject);
struct LogSource {
    Address provider;
    JobId job;
};
/// Provider and job of a subject of logs. Errors: `invalid_subject`.
Result<LogSource> log_source_of(std::string_view subject);

/// JetStream streams.
inline constexpr auto kJobsStream = "JOBS";
inline constexpr auto kRetractStream = "RETRACT";
inline constexpr auto kStatusStream = "STATUS";
inline constexpr auto kLogsStream = "LOGS";
inline constexpr auto kEventsStream = "EVENTS";
/// Durable name of a provider in JOBS and RETRACT.
std::string durable_of(const Address& provider);

/// Nats-Msg-Id, e.g. `dispatch:<jobId>:<attempt>`.
std::string dispatch_message_id(const JobId& job, std::uint32_t attempt);
std::string retract_message_id(const JobId& job, std::uint32_t attempt);
std::string event_message_id(std::int64_t journal_id, const std::string& subject);

}  // namespace lamda::wire
