#include "services/node-agent/executor/docker/docker_executor.hpp"

#include <filesystem>

#include "services/node-agent/executor/disk_cost.hpp"
#include "services/node-agent/executor/docker/container_plan.hpp"
#include "services/node-agent/executor/docker/engine_call.hpp"

namespace lamda::agent {

using wire::ErrorCode;

namespace {

constexpr int kOomPolls = 20;
constexpr Millis kOomPause{100};

/// Engine files up to this size hold the engine's own lines only and do not count.
constexpr std::uint64_t kEngineFileBytes = 64 * 1024;
/// Allowance for paths that the engine itself adds or changes: mount points and their parents.
constexpr std::uint64_t kEnginePaths = 64;

/// Bytes of /etc/hosts, /etc/hostname and /etc/resolv.conf, which the engine mounts writable from its own
/// folder and leaves out of the layer's size. They count as 0 if that folder is not accessible: then only
/// ulimit fsize limits each.
std::uint64_t engine_files_bytes(const std::vector<std::string>& files) {
    std::uint64_t total = 0;
    for (const auto& path : files) {
        std::error_code error;
        const auto size = std::filesystem::file_size(path, error);
        total += !error && size > kEngineFileBytes ? size : 0;
    }
    return total;
}

/// Digest that the reference pins, or else the id of the image that ran. Podman's ids are hex digits alone.
std::string digest_of(const std::string& image, const std::string& image_id) {
    if (const auto at = image.find('@'); at != std::string::npos) {
        return image.substr(at + 1);
    }
    return image_id.find(':') == std::string::npos ? "sha256:" + image_id : image_id;
}

}  // namespace

DockerExecutor::DockerExecutor(DockerExecutorConfig config, DockerEngine& engine, PulledImages& pulled,
                               const Clock& clock, telemetry::Log log)
    : config_(std::move(config)), engine_(engine), pulled_(pulled), clock_(clock), log_(std::move(log)) {}

std::optional<WorkState> DockerExecutor::find(const AttemptKey& key) {
    const auto state = engine_call([&] { return engine_.inspect(key.container()); });
    return state ? std::optional(WorkState{!state->created_only(), state->status}) : std::nullopt;
}

bool DockerExecutor::wait(const AttemptKey& key, Millis timeout) {
    return engine_call([&] { return engine_.wait(key.container(), timeout); });
}

std::variant<WorkEnd, Failure> DockerExecutor::end(const wire::Assignment& assignment) {
    const AttemptKey key{assignment.job_id, assignment.attempt};
    const auto state = engine_call([&] { return inspect_ended(key.container()); });
    if (!state) {
        return Failure{ErrorCode::kInternal, "the container is gone"};
    }
    if (!state->ended()) {
        return Failure{ErrorCode::kInternal, "the container has not ended", state->status};
    }
    return WorkEnd{digest_of(assignment.docker_image, state->image_id), state->exit_code, state->oom_killed,
                   state->started_at, state->finished_at};
}

std::optional<ContainerState> DockerExecutor::inspect_ended(const std::string& container) {
    constexpr int kKilled = 128 + 9;
    auto state = engine_.inspect(container);
    for (int polls = 1; polls < kOomPolls && state && state->exit_code == kKilled && !state->oom_killed;
         ++polls) {
        clock_.sleep({}, kOomPause);
        state = engine_.inspect(container);
    }
    return state;
}

void DockerExecutor::kill(const AttemptKey& key) {
    engine_call([&] { engine_.kill(key.container()); });
}

void DockerExecutor::remove(const AttemptKey& key) {
    engine_call([&] { engine_.remove(key.container()); });
}

void DockerExecutor::remove_strays(const std::function<bool(const AttemptKey&)>& needed) {
    const auto label = std::string(kProviderLabel) + "=" + config_.provider.hex();
    for (const auto& container : engine_call([&] { return engine_.list(label); })) {
        const auto value = [&](const char* name) {
            const auto found = container.labels.find(name);
            return found == container.labels.end() ? std::string() : found->second;
        };
        // Another agent with this key and another folder may use the same engine. Containers of version 0.1.0
        // have no folder label.
        if (const auto folder = value(kFolderLabel);
            !folder.empty() && !folder.starts_with(config_.jobs_dir + "/")) {
            continue;
        }
        const auto key = AttemptKey::parse(value(kJobLabel), value(kAttemptLabel));
        if (!key || !needed(*key)) {
            log_.info("removing stray container", {{"id", container.id}});
            engine_call([&] { engine_.remove(container.id); });
        }
    }
}

void DockerExecutor::remove_unused() {
    const auto pulled = pulled_.all();
    if (pulled.empty()) {
        return;
    }
    engine_call([&] {
        const auto engine = engine_.images();
        for (const auto& id :
             images_to_remove(pulled, engine, engine_.used_images(), config_.retention, clock_.now())) {
            const auto& image = engine.at(id);
            const auto name = image.tags.empty() ? id : image.tags.front();
            try {
                const bool removed = engine_.remove_image(id, image.tags);
                if (removed) {
                    pulled_.forget(id);
                }
                log_.info(removed ? "image removed" : "image in use, not removed",
                          {{"image", name}, {"bytes", image.bytes}});
            } catch (const EngineError& error) {
                log_.warn("image not removed", {{"image", name}, {"reason", error.what()}});
            }
        }
    });
}

std::vector<LogLine> DockerExecutor::logs(const AttemptKey& key, const LogPosition& after,
                                          std::size_t max_bytes) {
    return engine_call([&] { return engine_.logs(key.container(), after, max_bytes); });
}

std::uint64_t DockerExecutor::bytes_elsewhere(const AttemptKey& key, std::uint64_t most,
                                              const std::stop_token& stop) {
    try {
        return engine_call([&] {
            const auto size = engine_.size(key.container(), stop);
            const auto paths =
                engine_.changed_paths(key.container(), kEnginePaths + most / kEntryBytes, stop);
            // The engine's size excludes inodes: each changed path is added to it.
            return size.layer_bytes + engine_files_bytes(size.files) +
                   (paths > kEnginePaths ? (paths - kEnginePaths) * kEntryBytes : 0);
        });
    } catch (const EngineError& error) {
        throw ExecutorError("the container engine does not report how much the job wrote", error.what());
    }
}

}  // namespace lamda::agent
