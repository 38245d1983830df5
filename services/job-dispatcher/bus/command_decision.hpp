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
};
/// The command was executed already; nothing is saved.
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

/// Decides about a command whose proof, if it needs the operator's, is verified. A spec must be signed by the
/// job's renter. Refusals: 400 `invalid_signature` and errors of the spec, 403 `not_the_renter`, 404
/// `unknown_job`, 409 `illegal_transition` and `spec_contradicts`, 422 `key_reused`, 503 `not_ready`.
CommandDecision decide_command(const CommandCase& found, const wire::Command& command, Timestamp now);

}  // namespace lamda::dispatch
