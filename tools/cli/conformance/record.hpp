// Messages of an agent under test, and judgements on them: pure functions, no I/O.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wire/heartbeat_check.hpp"
#include "wire/messages.hpp"

namespace lamda::cli::conformance {

struct SeenStatus {
    std::string body;
    std::optional<wire::JobStatus> status;  ///< absent if it cannot be parsed
    std::string fault;  ///< empty: well-formed, and signed by the provider for this market
};
struct SeenHeartbeat {
    Steady at;
    std::optional<wire::Heartbeat> heartbeat;  ///< absent if it cannot be parsed
    std::string fault;                         ///< as above
};
/// The agent's answer to a delivery.
enum class Answer { kAck, kNak, kTerm, kProgress };
struct SeenAnswer {
    std::string stream;
    std::uint64_t sequence = 0;  ///< of the message in its stream
    Answer answer = Answer::kAck;
};

struct Record {
    std::vector<SeenStatus> statuses;  ///< in the order of the stream
    std::vector<SeenHeartbeat> heartbeats;
    std::vector<SeenAnswer> answers;
};

struct Market {
    Address provider;
    eth::Eip712Domain domain;
};

SeenStatus read_status(const std::string& body, const Market& market);
SeenHeartbeat read_heartbeat(const std::string& body, const Market& market, Steady at);
/// @param subject `$JS.ACK.…`, with or without the domain of JetStream. Absent: another subject
std::optional<SeenAnswer> read_answer(const std::string& subject, const std::string& body);

/// Statuses of one attempt that can be parsed, in the order of the stream; without the report that a
/// retracted attempt has stopped.
std::vector<wire::JobStatus> statuses_of(const Record& record, const JobId& job, std::uint32_t attempt);
/// The statuses of one job, for judgements on it alone.
Record statuses_only_of(const Record& record, const JobId& job);
bool has_status(const Record& record, const JobId& job, std::uint32_t attempt, wire::StatusKind kind);
/// The attempt's `completed` or `failed`; absent: none yet.
std::optional<wire::JobStatus> final_of(const Record& record, const JobId& job, std::uint32_t attempt);
/// Number of bodies that equal the attempt's final status.
std::size_t finals_of(const Record& record, const JobId& job, std::uint32_t attempt);
bool answered(const Record& record, const std::string& stream, std::uint64_t sequence, Answer answer);

/// First violation of a rule; absent: none.
using Fault = std::optional<std::string>;

/// Each status is well-formed and signed.
Fault status_form_fault(const Record& record);
/// `seq` starts at 1 and rises in each attempt; a number belongs to one status.
Fault numbering_fault(const Record& record);
/// `accepted`, then `running`, then one final status, apart from repetitions of the same bytes; `completed`
/// has its CID, `failed` its code.
Fault course_fault(const Record& record);
/// Each heartbeat is well-formed and signed, with a greater number than all before.
Fault heartbeat_fault(const Record& record);
/// @param longest pause between two heartbeats
Fault pace_fault(const Record& record, Millis longest);

}  // namespace lamda::cli::conformance
