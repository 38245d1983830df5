// Journal of the agent's jobs: one file per job, written durably before a message is acknowledged.
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
    /// `<jobId>-<attempt>`: the folder's name; the container's name has the prefix `lamda-`.
    std::string name() const { return job.hex() + "-" + std::to_string(attempt); }
    std::string container() const { return "lamda-" + name(); }
    /// From the hex digits of a job and a decimal number, such as labels; absent if either is invalid.
    static std::optional<AttemptKey> parse(const std::string& job, const std::string& attempt);
};

enum class Phase {
    kAccepted,  ///< on disk; nothing has run yet
    kStarted,   ///< its container was started and must not be started again
    kFinished,  ///< its final status is recorded
    kVoid       ///< retracted, or superseded by a higher attempt
};
std::string_view to_string(Phase phase);
Result<Phase> parse_phase(std::string_view text);

/// A signed status that the bus has not stored yet.
struct UnsentStatus {
    std::uint32_t seq = 0;
    wire::StatusKind kind = wire::StatusKind::kAccepted;
    std::string json;
    bool operator==(const UnsentStatus&) const = default;
};

/// Position in a log: all lines before `since` are read, and `seen` lines with exactly that timestamp
/// (engines may use whole seconds).
struct LogPosition {
    std::string since;  ///< RFC 3339 with nanoseconds; empty: none
    std::uint64_t seen = 0;
    bool operator==(const LogPosition&) const = default;
};

/// Published part of the container's logs.
struct LogProgress {
    std::uint64_t seq = 0;  ///< of the last chunk
    std::uint64_t bytes = 0;
    LogPosition at;
    bool operator==(const LogProgress&) const = default;
};

/// Result of a run whose output is to be stored. Once recorded, the run is not repeated: only the upload is,
/// even by another process and without the engine.
struct RunResult {
    std::string image_digest;
    std::string started_at;  ///< RFC 3339
    std::string ended_at;
    std::int32_t exit_code = 0;
    bool operator==(const RunResult&) const = default;
};

struct Attempt {
    wire::Assignment assignment;
    Phase phase = Phase::kAccepted;
    std::uint32_t last_seq = 0;  ///< seq of the newest status; only increases
    Timestamp accepted_at{};
    Timestamp last_status_at{};
    std::vector<UnsentStatus> outbox;
    std::optional<std::string> final_status;  ///< as signed; published again on each redelivery
    bool completed = false;                   ///< the final status is `completed`
    bool final_applied = false;               ///< the dispatcher has recorded the final status
    bool cleaned = false;                     ///< its folder and container are removed
    bool engine_lost = false;                 ///< the engine shut down while the container ran
    std::optional<RunResult> ran;             ///< its output is stored, or is to be stored
    bool store_failed = false;  ///< ended with store_failed: a later attempt may store its output
    std::optional<std::uint32_t> output_of;  ///< the earlier attempt that `ran` belongs to
    std::optional<BootTime>
        followed_since;    ///< first time its container was seen running; the time limit counts from here
    bool overran = false;  ///< stopped at its time limit
    std::optional<Written> excess;  ///< measured bytes for which the container was killed
    bool confirm_noted = false;     ///< the transaction queue holds its confirmation
    bool claim_noted = false;       ///< the transaction queue holds its claim
    LogProgress logs;               ///< written with the next durable change only
    /// End of the lines after `logs` that are being published, durable before the first chunk of them: after
    /// a kill the same lines make the same chunks, with the same numbers.
    std::optional<LogPosition> logs_until;

    bool active() const { return phase == Phase::kAccepted || phase == Phase::kStarted; }
    /// True if the attempt was never accepted: its first status is its last one.
    bool refused() const { return phase == Phase::kFinished && last_seq == 1; }
    bool operator==(const Attempt&) const = default;
};

/// The signed report that a job's retracted attempts have stopped: a `failed` status with the code
/// `retracted`.
struct StoppedReport {
    std::uint32_t attempt = 0;  ///< it and all earlier ones
    std::uint32_t seq = 0;
    std::string json;
    bool sent = false;     ///< the bus has acknowledged it at least once
    bool applied = false;  ///< the dispatcher has recorded it
    bool operator==(const StoppedReport&) const = default;
};

struct JobRecord {
    std::uint32_t void_through = 0;  ///< attempts up to this one were retracted
    std::optional<StoppedReport> stopped;
    std::map<std::uint32_t, Attempt> attempts;
    Timestamp updated_at{};
    std::uint32_t highest() const { return attempts.empty() ? 0 : attempts.rbegin()->first; }
    bool operator==(const JobRecord&) const = default;
};

std::string to_json(const JobId& job, const JobRecord& record);
/// Errors: `invalid_record`.
Result<std::pair<JobId, JobRecord>> parse_record(std::string_view json);

/// Thread-safe. A change is on disk before any reader sees it.
class Journal {
  public:
    /// Reads all records. An unreadable file is moved to `damaged/` and logged. @throws DiskError
    Journal(const std::string& dir, const Clock& clock, telemetry::Log log);

    std::optional<JobRecord> find(const JobId& job) const;
    std::optional<Attempt> find(const AttemptKey& key) const;
    bool active(const AttemptKey& key) const;
    std::vector<AttemptKey> active_attempts() const;
    /// Keys of the attempts for which `wanted` holds, in order of acceptance.
    std::vector<AttemptKey> select(const std::function<bool(const Attempt&)>& wanted) const;

    /// Jobs for which `wanted` holds.
    std::vector<JobId> select_jobs(const std::function<bool(const JobRecord&)>& wanted) const;

    /// Changes a job's record (empty if new): first on disk, then in memory. If `change` throws or the write
    /// fails, nothing changes. @throws DiskError
    void update(const JobId& job, const std::function<void(JobRecord&)>& change);
    /// The same for an existing attempt; returns false if the attempt does not exist.
    bool update(const AttemptKey& key, const std::function<void(Attempt&)>& change);
    /// Records published logs, in memory only; the next update writes it.
    void note_logs(const AttemptKey& key, const LogProgress& progress);
    /// Removes jobs that ended before `before` and have no unsent status. Returns their number.
    std::size_t prune(Timestamp before);

    /// Removes jobs without a retraction of which each attempt was refused and reported, until at most `most`
    /// refused ones are left: first those that the dispatcher has recorded, the oldest first. Returns the
    /// number of those that are left.
    std::size_t prune_refused(std::size_t most);

    /// Waits for a change after number `seen`, at most for `timeout`. Returns the number of changes so far.
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
