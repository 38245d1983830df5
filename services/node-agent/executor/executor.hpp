// Interface of an executor: runs the work of attempts, such as a container engine. It alone knows images,
// containers and their errors; runner, bus and state know this interface only.
#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "services/node-agent/bus/offer.hpp"
#include "services/node-agent/executor/job_dirs.hpp"
#include "services/node-agent/state/failure.hpp"
#include "services/node-agent/state/journal.hpp"

namespace lamda::agent {

/// The executor answers with an error: the step is retried for as long as the attempt's retry time lasts.
class ExecutorError : public std::runtime_error {
  public:
    /// @param message published; what() is the detail, for the log only
    ExecutorError(std::string message, const std::string& detail)
        : std::runtime_error(detail), message_(std::move(message)) {}
    const std::string& message() const { return message_; }

  private:
    std::string message_;
};

/// The executor does not answer. Only it knows the state of the work: the step is retried without end.
class ExecutorUnavailable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Step that did not succeed, as the executor judges it.
struct StepFailure {
    enum class Kind {
        kPermanent,  ///< the attempt fails
        kTransient   ///< the step is retried
    };
    Kind kind = Kind::kTransient;
    Failure failure;
};

/// Environment of an attempt's work that the executor has obtained, such as an image.
struct Environment {
    std::string id;  ///< the executor's, such as sha256:…
};

/// State of work that exists.
struct WorkState {
    bool started = false;  ///< it runs or has ended, and must not be started again
    std::string status;    ///< the executor's word, for the log
};

/// Report on work that has ended. Times are the executor's.
struct WorkEnd {
    std::string digest;  ///< of the environment, for the receipt
    std::int32_t exit_code = 0;
    bool oom_killed = false;
    std::optional<Timestamp> started_at;
    std::optional<Timestamp> finished_at;
};

struct LogLine {
    std::string stream;  ///< stdout | stderr
    std::string at;      ///< RFC 3339 with nanoseconds
    std::string text;
    bool operator==(const LogLine&) const = default;
};

/// Runs at most one work per attempt. Work is durable: it continues without the agent, and the executor finds
/// it by its attempt after a restart. Steps may be repeated after a kill at any instruction: create and start
/// leave work alone that an earlier process created or started. Thread-safe. Each call may throw
/// ExecutorError or ExecutorUnavailable; a stop request ends a call within about a second, by either.
class Executor {
  public:
    virtual ~Executor() = default;

    /// Name of a work in messages: "container".
    virtual std::string_view noun() const = 0;
    /// False at once if the executor shuts down or is away. A shutdown may end the work.
    virtual bool takes_connections() const = 0;
    /// Memory and CPUs of the machine, as the executor sees them.
    virtual Machine machine() = 0;
    /// Reason why no work with these requirements can run here, apart from the machine's size; absent: none.
    virtual std::optional<Failure> lack(const wire::Requirements& requirements) = 0;

    /// Obtains the environment of the assignment's work, if the provider's policy allows it. May take long.
    virtual std::variant<Environment, StepFailure> obtain(const wire::Assignment& assignment,
                                                          const std::stop_token& stop) = 0;
    /// Creates the work without starting it. It reads `dirs.input()`, if the assignment has an input, and
    /// `dirs.secrets`, if not empty, and writes into `dirs.output()`, an existing folder.
    virtual std::optional<StepFailure> create(const wire::Assignment& assignment,
                                              const Environment& environment, const JobDirs& dirs) = 0;
    virtual std::optional<StepFailure> start(const wire::Assignment& assignment) = 0;

    /// Absent: there is no work of this attempt.
    virtual std::optional<WorkState> find(const AttemptKey& key) = 0;
    /// Returns true once the work does not run, false after the timeout.
    virtual bool wait(const AttemptKey& key, Millis timeout) = 0;
    /// Report on the work, which wait() saw ended; or the reason why there is none.
    virtual std::variant<WorkEnd, Failure> end(const wire::Assignment& assignment) = 0;
    /// Ends the work at once; does nothing if it does not run or does not exist.
    virtual void kill(const AttemptKey& key) = 0;
    /// Removes the work, even if it runs; does nothing if it does not exist.
    virtual void remove(const AttemptKey& key) = 0;
    /// Removes the work of this agent that belongs to no attempt, or to one that is not `needed`.
    virtual void remove_strays(const std::function<bool(const AttemptKey&)>& needed) = 0;
    /// Removes environments that this agent obtained and no work has used for long.
    virtual void remove_unused() {}

    /// Lines after the position, at most about `max_bytes`.
    virtual std::vector<LogLine> logs(const AttemptKey& key, const LogPosition& after,
                                      std::size_t max_bytes) = 0;
    /// Bytes that running or ended work wrote outside of its folders. Counting may take long, and may end
    /// above `most`.
    virtual std::uint64_t bytes_elsewhere(const AttemptKey& key, std::uint64_t most,
                                          const std::stop_token& stop) = 0;
};

}  // namespace lamda::agent
