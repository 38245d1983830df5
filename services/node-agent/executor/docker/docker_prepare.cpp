// Preparation part of DockerExecutor: from an assignment to a started container (image, container).
#include <algorithm>
#include <filesystem>

#include "services/node-agent/executor/docker/container_plan.hpp"
#include "services/node-agent/executor/docker/docker_executor.hpp"
#include "services/node-agent/executor/docker/engine_call.hpp"
#include "services/node-agent/executor/docker/engine_refusal.hpp"
#include "services/node-agent/executor/output.hpp"
#include "telemetry/log_limit.hpp"
#include "wire/image_reference.hpp"

namespace lamda::agent {

namespace fs = std::filesystem;
using wire::ErrorCode;

namespace {

constexpr int kBadRequest = 400;
constexpr int kNotFound = 404;
constexpr int kStartTries = 20;
constexpr Millis kStartPause{100};
constexpr Millis kProgressEvery{5'000};
constexpr auto kNoGpu = "the job requests GPUs and this machine has none available";
constexpr auto kImpossible = "the image lacks the command or the user, or the command is not executable";
constexpr auto kNoReadOnlyRoot =
    "the job requests a read-only root file system, which this provider's engine does not give";
constexpr auto kNoRuntime = "this provider's engine lacks the runtime that the provider isolates jobs with";
constexpr auto kNoImage = "the provider's engine does not have the image now";

StepFailure permanent(ErrorCode code, std::string message, std::string detail = {}) {
    return {StepFailure::Kind::kPermanent, {code, std::move(message), std::move(detail)}};
}
StepFailure transient(ErrorCode code, std::string message, std::string detail = {}) {
    return {StepFailure::Kind::kTransient, {code, std::move(message), std::move(detail)}};
}

StepFailure pull_failure(const EngineError& error) {
    switch (pull_fault(error.status(), error.what())) {
        case PullFault::kImpossible:
            return permanent(ErrorCode::kRefused, "invalid image name", error.what());
        case PullFault::kDenied:
            return permanent(ErrorCode::kImageUnavailable,
                             "the registry has no such image, or requires a login for it", error.what());
        case PullFault::kTransient:
            break;
    }
    return transient(ErrorCode::kImageUnavailable,
                     "the image could not be pulled: the registry is unavailable, limits pulls, or cut the "
                     "transfer",
                     error.what());
}

/// Failure of a creation or a start for every attempt; absent: the engine's error may be transient.
std::optional<StepFailure> refusal(bool gpu, const EngineError& error) {
    if (gpu && lacks_device(error.what())) {
        return permanent(ErrorCode::kRefused, kNoGpu, error.what());
    }
    if (is_impossible_start(error.what())) {
        return permanent(ErrorCode::kRefused, kImpossible, error.what());
    }
    return std::nullopt;
}

}  // namespace

Machine DockerExecutor::machine() {
    return engine_call([&] { return engine_.machine(); });
}

std::optional<Failure> DockerExecutor::lack(const wire::Requirements& requirements) {
    if (requirements.network && !engine_call([&] { return engine_.has_bridge(); })) {
        return Failure{ErrorCode::kRefused, "the job requests a network and this engine has none"};
    }
    if (!config_.runtime.empty() &&
        !engine_call([&] { return engine_.runtimes(); }).contains(config_.runtime)) {
        return Failure{ErrorCode::kRefused, kNoRuntime, "AGENT_RUNTIME=" + config_.runtime};
    }
    return std::nullopt;
}

std::variant<Environment, StepFailure> DockerExecutor::obtain(const wire::Assignment& assignment,
                                                              const std::stop_token& stop) {
    return engine_call([&]() -> std::variant<Environment, StepFailure> {
        try {
            return image_of(assignment.docker_image, stop);
        } catch (const EngineError& error) {
            return pull_failure(error);
        }
    });
}

std::variant<Environment, StepFailure> DockerExecutor::image_of(const std::string& name,
                                                                const std::stop_token& stop) {
    const auto source = image_source(name, config_.images);
    if (!source) {
        return permanent(ErrorCode::kRefused, source.error().message);
    }
    auto image = engine_.image(name);
    const bool known = image && (*source == ImageSource::kLocal || pulled_.contains(image->id));
    if (!known && *source == ImageSource::kLocal) {
        return transient(ErrorCode::kImageUnavailable, kNoImage);
    }
    if (!known) {
        if (*source == ImageSource::kPublicRegistry) {
            if (auto refused = registry_refusal(name)) {
                return *std::move(refused);
            }
        }
        auto pulled = pull(name, stop);
        if (auto* failed = std::get_if<StepFailure>(&pulled)) {
            return std::move(*failed);
        }
        image = std::get<Image>(std::move(pulled));
    }
    pulled_.use(image->id, clock_.now());
    if (const auto digest = missing_digest(name, image->repo_digests); !digest.empty()) {
        return permanent(ErrorCode::kRefused, "the image does not have the digest " + digest);
    }
    return Environment{image->id};
}

std::optional<StepFailure> DockerExecutor::registry_refusal(const std::string& name) const {
    const auto registry = wire::registry_of(name);
    try {
        const auto addresses = config_.look_up(pull_host(registry));
        const auto inside = std::find_if_not(addresses.begin(), addresses.end(), is_public_address);
        if (inside == addresses.end()) {
            return std::nullopt;
        }
        return permanent(ErrorCode::kRefused,
                         "the registry " + registry + " has an address that is not public",
                         *inside + " (AGENT_PRIVATE_REGISTRIES allows it)");
    } catch (const std::runtime_error& error) {
        return transient(ErrorCode::kImageUnavailable, "the registry " + registry + " cannot be resolved now",
                         error.what());
    }
}

std::variant<Image, StepFailure> DockerExecutor::pull(const std::string& name, const std::stop_token& stop) {
    PullOptions options{config_.pull_timeout, {}, {}};
    if (!config_.auth_file.empty()) {
        const auto logins = read_registry_logins(config_.auth_file);
        if (!logins) {
            return transient(ErrorCode::kImageUnavailable, "the provider's registry login is not usable now",
                             "AGENT_REGISTRY_AUTH_FILE: " + logins.error().message);
        }
        if (const auto* login = login_for(name, *logins)) {
            options.login = login->header;
        }
    }
    telemetry::LogLimit limit(kProgressEvery);
    limit.admit(clock_.steady());
    options.on_progress = [&](const PullProgress& progress) {
        if (limit.admit(clock_.steady())) {
            log_.info("pulling image", {{"image", name},
                                        {"layers_done", progress.layers_done()},
                                        {"layers", progress.layers()},
                                        {"bytes", progress.bytes()},
                                        {"total_bytes", progress.total_bytes()}});
        }
    };
    log_.info("pulling image", {{"image", name}, {"login", !options.login.empty()}});
    const auto before = engine_.images();
    engine_.pull(name, options, stop);
    auto image = engine_.image(name);
    if (!image) {
        throw EngineError(kNotFound, "the engine reports the pull as done but does not have the image");
    }
    pulled_.add(image->id, name, !before.contains(image->id), clock_.now());
    return *std::move(image);
}

std::optional<StepFailure> DockerExecutor::create(const wire::Assignment& assignment,
                                                  const Environment& environment, const JobDirs& dirs) {
    // By id: the name may refer to another image by now.
    const auto image = engine_call([&] { return engine_.image(environment.id); });
    if (!image) {
        return transient(ErrorCode::kImageUnavailable, kNoImage, environment.id + " was removed");
    }
    auto spec = plan_container(assignment, *image, dirs);
    spec.runtime = config_.runtime;
    remove_tree(dirs.volumes());
    make_private_dir(dirs.volumes());
    for (const auto& volume : spec.volumes) {
        make_open_dir(volume.source);
    }
    return engine_call([&] { return create_container(spec); });
}

std::optional<StepFailure> DockerExecutor::create_container(const ContainerSpec& spec) {
    const bool gpu = spec.gpu_count > 0;
    try {
        engine_.create(spec);  // false: an earlier process created the same container
        return std::nullopt;
    } catch (const EngineError& error) {
        if (auto refused = refusal(gpu, error)) {
            return refused;
        }
        if (error.status() == kBadRequest) {
            return permanent(ErrorCode::kRefused,
                             "the engine refuses the container: check command, env and the image's settings",
                             error.what());
        }
        // Transient: the image may have been removed, or the engine's disk may be full.
        return error.status() == kNotFound
                   ? transient(ErrorCode::kImageUnavailable, kNoImage, error.what())
                   : transient(ErrorCode::kStartFailed, "the container could not be created", error.what());
    }
}

std::optional<StepFailure> DockerExecutor::ignored_request(const wire::Requirements& requirements,
                                                           const std::string& container) {
    constexpr auto kIgnored = "the engine ignored the request";
    if (requirements.gpu_count > 0 && !engine_.has_devices(container)) {
        return permanent(ErrorCode::kRefused, kNoGpu, kIgnored);
    }
    if (requirements.read_only_root && !engine_.has_read_only_root(container)) {
        return permanent(ErrorCode::kRefused, kNoReadOnlyRoot, kIgnored);
    }
    return std::nullopt;
}

std::optional<StepFailure> DockerExecutor::start(const wire::Assignment& assignment) {
    const AttemptKey key{assignment.job_id, assignment.attempt};
    // Here, since an earlier process may have created the container.
    if (auto ignored =
            engine_call([&] { return ignored_request(assignment.requirements, key.container()); })) {
        return ignored;
    }
    for (int tries = 1;; ++tries) {
        try {
            engine_call([&] { engine_.start(key.container()); });
            return std::nullopt;
        } catch (const EngineError& error) {
            if (auto refused = refusal(assignment.requirements.gpu_count > 0, error)) {
                return refused;
            }
            // The engine reserves a name before the container exists: an earlier process may have been killed
            // while creating it.
            if (error.status() != kNotFound || tries == kStartTries) {
                return permanent(ErrorCode::kStartFailed, "the container could not be started", error.what());
            }
        }
        clock_.sleep({}, kStartPause);
    }
}

}  // namespace lamda::agent
