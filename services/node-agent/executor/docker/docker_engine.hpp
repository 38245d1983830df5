// A client of the Docker Engine API over its unix socket, as far as jobs need it.
// https://docs.docker.com/engine/api/v1.41/
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "net/transport.hpp"
#include "services/node-agent/bus/offer.hpp"
#include "telemetry/log.hpp"

namespace lamda::agent {

/// The engine answered with an error. (No answer at all: net::TransportError.)
class EngineError : public std::runtime_error {
  public:
    EngineError(int status, const std::string& message) : std::runtime_error(message), status_(status) {}
    int status() const { return status_; }

  private:
    int status_;
};

struct Image {
    std::string id;                         ///< sha256:…
    std::vector<std::string> repo_digests;  ///< name@sha256:…
    std::vector<std::string> volumes;       ///< paths that it declares as volumes, as they are written there
};

struct Mount {
    std::string source;  ///< absolute path on the host
    std::string target;
    bool read_only = false;
    bool operator==(const Mount&) const = default;
};

struct ContainerSpec {
    std::string name;
    std::string image;                 ///< id or name
    std::vector<std::string> command;  ///< empty: the image's own
    std::map<std::string, std::string> env;
    std::map<std::string, std::string> labels;
    std::vector<Mount> mounts;
    /// As the engine's anonymous volumes (a fresh one gets what the image has at its path; removed with the
    /// container), but kept in `source`, a folder that exists.
    std::vector<Mount> volumes;
    bool network = false;
    std::uint32_t cpu_millis = 1000;
    std::uint64_t memory_bytes = 0;    ///< swap included
    std::uint64_t max_file_bytes = 0;  ///< of one file (ulimit fsize)
    /// Of its own file system, held by the engine where its storage driver can; 0: no limit.
    std::uint64_t max_layer_bytes = 0;
    std::uint32_t max_pids = 512;
    std::uint32_t gpu_count = 0;
};

struct ContainerState {
    std::string id;
    std::string image_id;  ///< sha256:…
    std::string status;    ///< created | running | paused | restarting | removing | exited | dead
    std::int32_t exit_code = 0;
    bool oom_killed = false;
    std::string error;  ///< why it could not be started
    std::optional<Timestamp> started_at;
    std::optional<Timestamp> finished_at;
    bool created_only() const { return status == "created"; }
    bool ended() const { return status == "exited" || status == "dead"; }
};

/// What the engine counts of a container, and what it leaves out.
struct ContainerSize {
    std::uint64_t layer_bytes = 0;   ///< of files that were made or changed in its own file system
    std::vector<std::string> files;  ///< on the host: those of the engine's own that it can write to
};

struct LogLine {
    std::string stream;  ///< stdout | stderr
    std::string at;      ///< RFC 3339 with nanoseconds
    std::string text;
    bool operator==(const LogLine&) const = default;
};

/// Lines that were read: up to `since`, and `seen` of that very timestamp.
struct LogPosition {
    std::string since;  ///< empty: none
    std::uint64_t seen = 0;
};

struct ContainerRef {
    std::string id;
    std::map<std::string, std::string> labels;
};

/// Thread-safe. Every call throws EngineError when the engine refuses and net::TransportError when there is
/// none.
class DockerEngine {
  public:
    /// @param host unix:///path
    DockerEngine(const std::string& host, net::Transport& http);

    /// Asks for the engine's version and agrees on min(its own, 1.44). @throws EngineError when it is
    /// below 1.41
    void negotiate();
    /// Whether it takes a new connection. An engine that shuts down stops its containers, and tells so over
    /// the connections that it has; new ones it refuses from the first moment on.
    bool takes_connections() const;
    /// Whether containers can be given a network (an engine without a bridge silently gives them loopback
    /// only).
    bool has_bridge();
    /// Memory and CPUs of the machine, as the engine sees them.
    Machine machine();
    std::optional<Image> image(const std::string& name);
    /// @throws EngineError also when the engine's progress report ends in an error, with the registry's
    /// words, and when the time is over
    void pull(const std::string& name, Millis timeout, const std::stop_token& stop);
    /// True: created; false: a container of this name exists already. Left out if the engine cannot hold it:
    /// max_layer_bytes.
    bool create(const ContainerSpec& spec);
    /// Whether a container got devices. Podman 4.3 leaves out the GPUs that it is asked for, without a word.
    bool has_devices(const std::string& container);
    void start(const std::string& container);
    std::optional<ContainerState> inspect(const std::string& container);
    /// Running or not; the engine may walk over all its files for this. A stop requested ends it within about
    /// a second. @throws EngineError also when the engine cannot tell, or knows no such container
    ContainerSize size(const std::string& container, const std::stop_token& stop);
    /// Paths that were added, changed or deleted in its own file system; counting ends at more than `most`.
    /// @throws EngineError also when the engine knows no such container
    std::uint64_t changed_paths(const std::string& container, std::uint64_t most,
                                const std::stop_token& stop);
    /// True once it does not run any more; false after the timeout.
    bool wait(const std::string& container, Millis timeout);
    /// SIGKILL; nothing happens when it does not run or does not exist.
    void kill(const std::string& container);
    /// With force; nothing happens when it does not exist.
    void remove(const std::string& container);
    /// Lines after `after`, at most about `max_bytes`.
    std::vector<LogLine> logs(const std::string& container, const LogPosition& after, std::size_t max_bytes);
    /// Running or not.
    std::vector<ContainerRef> list(const std::string& label);

  private:
    struct Answer {
        int status;
        std::string body;
    };
    /// The framed stream from `since` on; cut: there is more than `max_bytes`.
    struct LogBytes {
        std::string bytes;
        bool cut = false;
    };
    LogBytes read_logs(const std::string& container, const std::string& since, std::size_t max_bytes);
    Answer call(const std::string& method, const std::string& path, const std::string& body = "",
                Millis timeout = Millis(30'000));
    std::string version();
    bool has_quota();

    std::string socket_;
    net::Transport& http_;
    std::mutex mutex_;
    std::string version_;        ///< empty: not agreed yet
    std::optional<bool> quota_;  ///< absent: not asked yet
};

/// The engine's form of a container (POST /containers/create).
std::string create_body(const ContainerSpec& spec);
/// Splits the engine's 8-byte framed log stream; an unfinished frame at the end is dropped. Times come out in
/// UTC with nanoseconds, whatever their form (podman writes the machine's offset, and whole seconds).
std::vector<LogLine> parse_log_frames(std::string_view bytes);
/// A time in the form that the engine takes as `since`: seconds.nanoseconds.
std::string engine_seconds(const std::string& rfc3339);
/// Leaves out what was read before. Engines take a position in time and give what is at it once more.
void drop_read(std::vector<LogLine>& lines, const LogPosition& after);
/// True if the storage driver that the engine's report (GET /info) names may hold a container to a size:
/// overlay2 on XFS (it refuses where XFS has no project quotas), ZFS. Not btrfs, whose quota holds the
/// image's own content as well.
bool may_have_quota(std::string_view info);
/// Counts the changes in the engine's report on a container (JSON), which comes in parts cut anywhere.
class ChangeCounter {
  public:
    void add(std::string_view part);
    std::uint64_t count() const { return count_; }

  private:
    std::string rest_;
    std::uint64_t count_ = 0;
};
/// The error in the progress report of a pull; empty: none. A line at a time, its end may be missing.
std::string pull_error(std::string_view line);
/// A name as the engine pulls it: `:latest` added where neither tag nor digest stands, because a bare name
/// would pull every tag.
std::string pull_reference(const std::string& name);

}  // namespace lamda::agent
