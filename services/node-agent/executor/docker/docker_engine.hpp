// Client of the Docker Engine API over its unix socket, limited to the calls that jobs need.
// https://docs.docker.com/engine/api/v1.41/
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "net/transport.hpp"
#include "runtime/secret.hpp"
#include "services/node-agent/bus/offer.hpp"
#include "services/node-agent/executor/docker/pull_progress.hpp"
#include "services/node-agent/executor/executor.hpp"
#include "telemetry/log.hpp"

namespace lamda::agent {

/// Error answer of the engine. Without any answer: net::TransportError.
class EngineError : public ExecutorError {
  public:
    EngineError(int status, const std::string& message)
        : ExecutorError("the container engine failed", message), status_(status) {}
    int status() const { return status_; }

  private:
    int status_;
};

struct Image {
    std::string id;                         ///< sha256:…
    std::vector<std::string> repo_digests;  ///< name@sha256:…
    std::vector<std::string> volumes;       ///< declared volume paths, verbatim
};

/// An image in the engine's list.
struct StoredImage {
    std::uint64_t bytes = 0;        ///< with the layers that it shares with other images
    std::vector<std::string> tags;  ///< name:tag
};

struct PullOptions {
    Millis timeout{1'800'000};
    runtime::Secret login;  ///< value of X-Registry-Auth; empty: none
    std::function<void(const PullProgress&)>
        on_progress;  ///< called for each line of the report; may be null
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
    std::vector<std::string> command;  ///< empty: the image's default
    std::map<std::string, std::string> env;
    std::map<std::string, std::string> labels;
    std::vector<Mount> mounts;
    /// Like the engine's anonymous volumes (initialized with the image's content at that path, removed with
    /// the container), but stored in `source`, an existing folder.
    std::vector<Mount> volumes;
    bool network = false;
    std::uint32_t cpu_millis = 1000;
    std::uint64_t memory_bytes = 0;    ///< swap included
    std::uint64_t max_file_bytes = 0;  ///< limit per file (ulimit fsize)
    /// Limit of the container's own file system, enforced if the storage driver supports it; 0: no limit.
    std::uint64_t max_layer_bytes = 0;
    std::uint32_t max_pids = 512;
    std::uint32_t gpu_count = 0;
    bool read_only_root = false;  ///< mounts and volumes stay as they are
    std::uint64_t tmp_bytes = 0;  ///< size of a tmpfs at /tmp, which counts as memory; 0: none
    std::string runtime;          ///< name of an engine's runtime; empty: its default
};

struct ContainerState {
    std::string id;
    std::string image_id;  ///< sha256:…
    /// created | running | paused | restarting | removing | exited | dead; podman also: stopped (ended, and
    /// not cleaned up yet)
    std::string status;
    std::int32_t exit_code = 0;
    bool oom_killed = false;
    std::string error;  ///< reason of a failed start
    std::optional<Timestamp> started_at;
    std::optional<Timestamp> finished_at;
    bool created_only() const { return status == "created"; }
    bool ended() const { return status == "exited" || status == "dead" || status == "stopped"; }
};

/// Size of a container as the engine counts it, and the writable files that the engine leaves out.
struct ContainerSize {
    std::uint64_t layer_bytes = 0;   ///< created or changed files in the container's own file system
    std::vector<std::string> files;  ///< host paths of the engine's files that the container can write
};

struct ContainerRef {
    std::string id;
    std::map<std::string, std::string> labels;
};

/// Thread-safe. Every call throws EngineError if the engine answers with an error, and net::TransportError
/// if it does not answer.
class DockerEngine {
  public:
    /// @param host unix:///path
    DockerEngine(const std::string& host, net::Transport& http);

    /// Selects the API version: the engine's, at most 1.44. @throws EngineError if the engine's is below 1.41
    void negotiate();
    /// True if the engine accepts a new connection. An engine that shuts down stops its containers and still
    /// reports this over open connections, but refuses new ones at once.
    bool takes_connections() const;
    /// True if containers can have a network. An engine without a bridge silently gives them loopback only.
    bool has_bridge();
    /// Memory and CPUs of the machine, as the engine sees them.
    Machine machine();
    std::optional<Image> image(const std::string& name);
    /// @throws EngineError also if the progress report ends in an error (with the registry's text), and on
    /// timeout
    void pull(const std::string& name, const PullOptions& options, const std::stop_token& stop);
    /// All images, by id.
    std::map<std::string, StoredImage> images();
    /// Ids of the images that have a container, running or not.
    std::set<std::string> used_images();
    /// Removes an image that only `names`, its tags, refer to. False: a container or another name uses it.
    bool remove_image(const std::string& id, const std::vector<std::string>& names);
    struct Reports {
        std::string version;
        std::string info;
    };
    /// The engine's reports on itself, as JSON (GET /version, GET /info).
    Reports reports();
    /// Names of the runtimes that containers can have.
    std::set<std::string> runtimes();
    /// Returns false if a container of this name exists already. Omits max_layer_bytes if the engine does not
    /// support it.
    bool create(const ContainerSpec& spec);
    /// True if the container has devices. Podman 4.3 silently ignores requested GPUs.
    bool has_devices(const std::string& container);
    /// True if the container's root file system is read-only: an engine may ignore the request.
    bool has_read_only_root(const std::string& container);
    void start(const std::string& container);
    std::optional<ContainerState> inspect(const std::string& container);
    /// Size of a running or ended container; the engine may read all its files for this. Ends within about a
    /// second after a stop request. @throws EngineError also if the size or the container is unknown
    ContainerSize size(const std::string& container, const std::stop_token& stop);
    /// Number of paths added, changed or deleted in the container's own file system; counting ends above
    /// `most`. @throws EngineError also if the container is unknown
    std::uint64_t changed_paths(const std::string& container, std::uint64_t most,
                                const std::stop_token& stop);
    /// Returns true once the container does not run, false after the timeout.
    bool wait(const std::string& container, Millis timeout);
    /// Sends SIGKILL; does nothing if the container does not run or does not exist.
    void kill(const std::string& container);
    /// Removes the container, even if it runs; does nothing if it does not exist.
    void remove(const std::string& container);
    /// Lines after the position, at most about `max_bytes`.
    std::vector<LogLine> logs(const std::string& container, const LogPosition& after, std::size_t max_bytes);
    /// Containers with the label, running or not.
    std::vector<ContainerRef> list(const std::string& label);

  private:
    struct Answer {
        int status;
        std::string body;
    };
    /// The framed stream from `since` on; `cut` if it has more than `max_bytes`.
    struct LogBytes {
        std::string bytes;
        bool cut = false;
    };
    LogBytes read_logs(const std::string& container, const std::string& since, std::size_t max_bytes);
    Answer call(const std::string& method, const std::string& path, const std::string& body = "",
                Millis timeout = Millis(30'000));
    /// The engine's report on a container, as JSON. @throws EngineError also if the container is unknown
    std::string report_on(const std::string& container);
    std::string version();
    bool has_quota();

    std::string socket_;
    net::Transport& http_;
    std::mutex mutex_;
    std::string version_;        ///< empty: not negotiated yet
    std::optional<bool> quota_;  ///< absent: not known yet
};

/// Request body that creates a container (POST /containers/create).
std::string create_body(const ContainerSpec& spec);
/// Splits the engine's 8-byte framed log stream; drops an incomplete last frame. Converts times to UTC with
/// nanoseconds (podman writes the machine's offset and whole seconds).
std::vector<LogLine> parse_log_frames(std::string_view bytes);
/// Formats a time for the engine's `since` parameter: seconds.nanoseconds.
std::string engine_seconds(const std::string& rfc3339);
/// Removes lines that were read before: engines return the lines at the requested time again.
void drop_read(std::vector<LogLine>& lines, const LogPosition& after);
/// True if the storage driver in the engine's report (GET /info) may limit a container's size: overlay2 on
/// XFS (the engine refuses if XFS has no project quotas), or ZFS. False for btrfs, whose quota includes the
/// image's content.
bool may_have_quota(std::string_view info);
/// Counts the changes in the engine's JSON report on a container, which arrives in arbitrary parts.
class ChangeCounter {
  public:
    void add(std::string_view part);
    std::uint64_t count() const { return count_; }

  private:
    std::string rest_;
    std::uint64_t count_ = 0;
};
/// Error in one line of a pull's progress report; empty: none. The line may be truncated.
std::string pull_error(std::string_view line);
/// Reference for a pull: adds `:latest` to a name without tag and digest, which would pull every tag.
std::string pull_reference(const std::string& name);

}  // namespace lamda::agent
