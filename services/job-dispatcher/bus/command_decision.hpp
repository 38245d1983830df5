// Decides about a command of the gateway, from the job and the answer to an earlier request with the same id.
// Pure functions, no I/O.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "services/job-dispatcher/jobs/job_write.hpp"
#include "services/job-dispatcher/jobs/spec_store.hpp"

namespace lamda::dispatch {

/// The answer to a command that was executed.
struct StoredAnswer {
    std::string answer;
    std::optional<Bytes32> asked;  ///< digest of the command; absent in rows of older releases
};

/// Data for the decision about a command.
struct CommandCase {
    std::optional<StoredAnswer> stored;  ///< absent: no command with this request id was executed
    std::optional<Policy> policy;        ///< absent: the stream is not bound to a chain yet
    std::optional<JobRow> row;           ///< locked; absent: unknown job, or the command was executed
};

/// The command cannot be executed; nothing is saved.
struct CommandRefusal {
    int status;  ///< of HTTP
    Error error;
    std::optional<wire::PublicStatus> job{};  ///< of a job whose state does not allow the command
};
/// The command was executed already, or has no effect; nothing is saved. A renter can sign a cancellation in
/// any number of ways: each stored answer would be a row that costs nothing.
struct RepeatedAnswer {
    std::string answer;
};
/// A spec for the job, in canonical form.
struct SpecAttachment {
    std::string canonical;
    AttachedSpec attached;
};
/// The command is executed.
struct CommandEffect {
    JobWrite write;
    std::optional<SpecAttachment> spec;
    StoredAnswer answer;
};
using CommandDecision = std::variant<CommandRefusal, RepeatedAnswer, CommandEffect>;

/// Decides about a command whose proof, if it needs the operator's, is verified. A spec, and a cancellation
/// without the operator's proof, must be signed by the job's renter. A cancelled job is cancelled again
/// without an effect. Refusals: 400 `invalid_signature` and errors of the spec, 403 `not_the_renter`,
/// `expired` and `expires_too_late`, 404 `unknown_job`, 409 `illegal_transition`, `not_final` and
/// `spec_contradicts`, 422 `key_reused`, 503 `not_ready`.
CommandDecision decide_command(const CommandCase& found, const wire::Command& command, Timestamp now);

}  // namespace lamda::dispatch
