// What this agent has promised and done: one file per job, written durably before anything is acknowledged.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "services/node-agent/executor/disk_usage.hpp"
#include "services/node-agent/state/boot_time.hpp"
#include "services/node-agent/state/durable_file.hpp"
#include "telemetry/log.hpp"
#include "wire/messages.hpp"

namespace lamda::agent {

/// One attempt of one job.
struct AttemptKey {
    JobId job;
    std::uint32_t attempt = 0;
    auto operator<=>(const AttemptKey&) const = default;
    /// `<jobId>-<attempt>`: its folder; with `lamda-` in front its container.
    std::string name() const { return job.hex() + "-" + std::to_string(attempt); }
    std::string container() const { return "lamda-" + name(); }
};

enum class Phase {
    kAccepted,  ///< on disk; nothing has run yet
    kStarted,   ///< its container was started: it must never be started a second time
    kFinished,  ///< its last status is recorded
    kVoid       ///< retracted, or overtaken by a higher attempt
};
std::string_view to_string(Phase phase);
Result<Phase> parse_phase(std::string_view text);

/// A signed status that the bus has not stored yet.
struct Outgoing {
    std::uint32_t seq = 0;
    wire::StatusKind kind = wire::StatusKind::kAccepted;
    std::string json;
    bool operator==(const Outgoing&) const = default;
};

/// How far the container's output was published. Written along with the next durable change only: after a
/// crash some lines may be published again.
struct LogProgress {
    std::uint64_t seq = 0;
    std::uint64_t bytes = 0;
    std::string since;       ///< the engine's timestamp of the last line, RFC 3339 with nanoseconds
    std::uint64_t seen = 0;  ///< lines of that very timestamp: engines may count in whole seconds
    bool operator==(const LogProgress&) const = default;
};

/// How the attempt's container ended, when its output is to be stored. Once that is noted, nothing runs
/// again: only the upload is repeated, also by another process, and without the engine.
struct Ran {
    std::string image_digest;
    std::string started_at;  ///< RFC 3339
    std::string ended_at;
    std::int32_t exit_code = 0;
    bool operator==(const Ran&) const = default;
};

struct Attempt {
    wire::Assignment assignment;
    Phase phase = Phase::kAccepted;
    std::uint32_t last_seq = 0;  ///< of statuses; rises only
    Timestamp accepted_at{};
    Timestamp last_status_at{};
    std::vector<Outgoing> outbox;
    std::optional<std::string> final_status;  ///< as signed; published again whenever the attempt comes again
    bool completed = false;                   ///< the final status says so
    bool cleaned = false;                     ///< its folder and container are gone
    bool engine_lost = false;                 ///< the engine went away while the container ran
    std::optional<Ran> ran;                   ///< its output waits to be stored, or is
    bool store_failed = false;                ///< it ended so: a later attempt may store its output
    std::optional<std::uint32_t> output_of;   ///< the earlier attempt that `ran` is of
    std::optional<BootTime>
        followed_since;             ///< its container was seen running first; the time limit counts from here
    bool overran = false;           ///< it was stopped at its time limit
    std::optional<Written> excess;  ///< what was measured when it was killed for having written it
    bool confirm_noted = false;     ///< the ledger has its confirmation
    bool claim_noted = false;
    LogProgress logs;

    bool active() const { return phase == Phase::kAccepted || phase == Phase::kStarted; }
    bool operator==(const Attempt&) const = default;
};

struct JobRecord {
    std::uint32_t void_through = 0;  ///< attempts up to this one were retracted
    std::map<std::uint32_t, Attempt> attempts;
    Timestamp updated_at{};
    std::uint32_t highest() const { return attempts.empty() ? 0 : attempts.rbegin()->first; }
    bool operator==(const JobRecord&) const = default;
};

std::string to_json(const JobId& job, const JobRecord& record);
/// Errors: `invalid_record`.
Result<std::pair<JobId, JobRecord>> parse_record(std::string_view json);

/// Thread-safe. A change is on disk before anybody can see it.
class Journal {
  public:
    /// Reads what is there. A file that cannot be read is moved to `damaged/` and reported. @throws DiskError
    Journal(const std::string& dir, const Clock& clock, telemetry::Log log);

    std::optional<JobRecord> find(const JobId& job) const;
    std::optional<Attempt> find(const AttemptKey& key) const;
    bool active(const AttemptKey& key) const;
    std::vector<AttemptKey> active_attempts() const;
    /// Keys of the attempts for which `wanted` holds, in order of acceptance.
    std::vector<AttemptKey> select(const std::function<bool(const Attempt&)>& wanted) const;

    /// Changes a job's record (a new one is empty): first on disk, then in memory. When `change` throws, or
    /// the disk refuses, nothing has changed. @throws DiskError
    void update(const JobId& job, const std::function<void(JobRecord&)>& change);
    /// As above for an attempt that exists; false: it does not.
    bool update(const AttemptKey& key, const std::function<void(Attempt&)>& change);
    /// In memory only, written with the next update.
    void note_logs(const AttemptKey& key, const LogProgress& progress);
    /// Forgets jobs that ended before `before` and have nothing left to say. Returns how many.
    std::size_t prune(Timestamp before);

    /// Waits until something changed after `seen`, or the timeout; returns the number of changes so far.
    std::uint64_t wait_change(std::uint64_t seen, Millis timeout) const;
    void wake() const;

  private:
    std::string path_of(const JobId& job) const;

    std::string dir_;
    const Clock& clock_;
    telemetry::Log log_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    mutable std::uint64_t changes_ = 0;
    std::map<JobId, JobRecord> records_;
};

}  // namespace lamda::agent
