// Preparation part of Runner: from an accepted attempt to a created container (image, input, container).
#include <algorithm>
#include <filesystem>
#include <system_error>

#include "core/crash_point.hpp"
#include "services/node-agent/executor/docker/engine_refusal.hpp"
#include "services/node-agent/executor/output.hpp"
#include "services/node-agent/executor/runner.hpp"
#include "wire/image_reference.hpp"

namespace lamda::agent {

namespace fs = std::filesystem;
using wire::ErrorCode;

namespace {

constexpr int kBadRequest = 400;
constexpr int kNotFound = 404;

}  // namespace

std::optional<Failure> Runner::missing_resource(const wire::Requirements& requirements) {
    if (requirements.network && !engine_.has_bridge()) {
        return Failure{ErrorCode::kRefused, "the job requests a network and this engine has none"};
    }
    auto machine = engine_.machine();
    const auto disk = fs::space(config_.jobs_dir);
    machine.disk_bytes = disk.capacity;
    if (const auto why = unmet_requirement(requirements, offer_of(config_.limits, machine))) {
        return Failure{ErrorCode::kRefused, *why};
    }
    if (disk.available >> 20U < requirements.disk_mib) {
        return Failure{ErrorCode::kStartFailed, "diskMib: this provider has too little free disk space now",
                       std::to_string(disk.available) + " bytes are free in " + config_.jobs_dir};
    }
    return std::nullopt;
}

Runner::Step Runner::prepare(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop) {
    const auto& assignment = attempt.assignment;
    if (const auto lack = missing_resource(assignment.requirements)) {
        return lack->code == ErrorCode::kRefused ? fail(key, *lack) : try_later(key, *lack, stop);
    }
    const auto image = obtain_image(key, assignment.docker_image, stop);
    if (!image || fetch_input(key, attempt, stop) == Step::kEnded) {
        return Step::kEnded;
    }
    crash_point("agent.input.fetched");
    if (stop.stop_requested() || !journal_.active(key)) {
        return Step::kEnded;
    }
    return create(key, attempt, *image, stop);
}

std::optional<Failure> Runner::registry_refusal(const std::string& name) const {
    const auto registry = wire::registry_of(name);
    try {
        const auto addresses = config_.look_up(pull_host(registry));
        const auto inside = std::find_if_not(addresses.begin(), addresses.end(), is_public_address);
        if (inside == addresses.end()) {
            return std::nullopt;
        }
        return Failure{ErrorCode::kRefused, "the registry " + registry + " has an address that is not public",
                       *inside + " (AGENT_PRIVATE_REGISTRIES allows it)"};
    } catch (const std::runtime_error& error) {
        return Failure{ErrorCode::kImageUnavailable, "the registry " + registry + " cannot be resolved now",
                       error.what()};
    }
}

Image Runner::pull(const std::string& name, const std::stop_token& stop) {
    log_.info("pulling image", {{"image", name}});
    engine_.pull(name, config_.pull_timeout, stop);
    auto image = engine_.image(name);
    if (!image) {
        throw EngineError(kNotFound, "the engine reports the pull as done but does not have the image");
    }
    pulled_.add(image->id);
    return *std::move(image);
}

std::optional<Image> Runner::obtain_image(const AttemptKey& key, const std::string& name,
                                          const std::stop_token& stop) {
    const auto source = image_source(name, config_.images);
    if (!source) {
        fail(key, {ErrorCode::kRefused, source.error().message});
        return std::nullopt;
    }
    try {
        auto image = engine_.image(name);
        const bool known = image && (*source == ImageSource::kLocal || pulled_.contains(image->id));
        if (!known && *source == ImageSource::kLocal) {
            try_later(key,
                      {ErrorCode::kImageUnavailable, "the provider's engine does not have the image now"},
                      stop);
            return std::nullopt;
        }
        if (!known) {
            const auto refusal =
                *source == ImageSource::kPublicRegistry ? registry_refusal(name) : std::optional<Failure>();
            if (refusal && refusal->code == ErrorCode::kRefused) {
                fail(key, *refusal);
                return std::nullopt;
            }
            if (refusal) {
                try_later(key, *refusal, stop);
                return std::nullopt;
            }
            image = pull(name, stop);
        }
        if (const auto digest = missing_digest(name, image->repo_digests); !digest.empty()) {
            fail(key, {ErrorCode::kRefused, "the image does not have the digest " + digest});
            return std::nullopt;
        }
        return image;
    } catch (const EngineError& error) {
        switch (pull_fault(error.status(), error.what())) {
            case PullFault::kImpossible:
                fail(key, {ErrorCode::kRefused, "invalid image name", error.what()});
                break;
            case PullFault::kDenied:
                fail(key, {ErrorCode::kImageUnavailable,
                           "the registry has no such image, or requires a login for it", error.what()});
                break;
            case PullFault::kTransient:
                try_later(key,
                          {ErrorCode::kImageUnavailable,
                           "the image could not be pulled: the registry is unavailable, limits pulls, or cut "
                           "the transfer",
                           error.what()},
                          stop);
                break;
        }
    }
    return std::nullopt;
}

Runner::Step Runner::fetch_input(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop) {
    make_private_dir(dirs_of(key).root);
    const auto& wanted = attempt.assignment.input_file_cid;
    const std::string input = dirs_of(key).input();
    if (!wanted || fs::exists(input)) {
        return Step::kContinue;  // it has this name only if complete and verified
    }
    const auto cid = Cid::parse(*wanted);
    if (!cid) {
        return fail(key, {ErrorCode::kRefused, cid.error().message});
    }
    const std::string partial = input + ".partial";
    try {
        fs::remove_all(partial);
        content_.fetch(*cid, partial, config_.max_input_bytes, stop);
        fs::rename(partial, input);
        return Step::kContinue;
    } catch (const ipfs::Mismatch& error) {
        return fail(key, {ErrorCode::kInputMismatch, error.what()});
    } catch (const ipfs::TooLarge& error) {
        return fail(key, {ErrorCode::kRefused, error.what()});
    } catch (const std::system_error& error) {
        const auto message = "the input cannot be written: " + error.code().message();
        return is_permanent(error) ? fail(key, {ErrorCode::kRefused, message})
                                   : try_later(key, {ErrorCode::kInternal, message}, stop);
    } catch (const ipfs::WrongBytes& error) {
        return try_later(key,
                         {ErrorCode::kInputUnavailable,
                          "no source served the input, and at least one sent other bytes", error.what()},
                         stop);
    } catch (const ipfs::Unavailable& error) {
        return try_later(key, {ErrorCode::kInputUnavailable, "no source served the input", error.what()},
                         stop);
    }
}

Runner::Step Runner::create(const AttemptKey& key, const Attempt& attempt, const Image& image,
                            const std::stop_token& stop) {
    const auto dirs = dirs_of(key);
    const auto spec = plan_container(attempt.assignment, image, dirs);
    make_open_dir(dirs.output());
    fs::remove_all(dirs.volumes());
    make_private_dir(dirs.volumes());
    for (const auto& volume : spec.volumes) {
        make_open_dir(volume.source);
    }
    try {
        engine_.create(spec);  // false: an earlier process created the same container
        if (spec.gpu_count > 0 && !engine_.has_devices(spec.name)) {
            return fail(key, {ErrorCode::kRefused, kNoGpu, "the engine ignored the request"});
        }
    } catch (const EngineError& error) {
        if (spec.gpu_count > 0 && lacks_device(error.what())) {
            return fail(key, {ErrorCode::kRefused, kNoGpu, error.what()});
        }
        if (is_impossible_start(error.what())) {
            return fail(key, {ErrorCode::kRefused, kImpossibleStart, error.what()});
        }
        if (error.status() == kBadRequest) {
            return fail(key, {ErrorCode::kRefused,
                              "the engine refuses the container: check command, env and the image's settings",
                              error.what()});
        }
        // Transient: the image may have been removed, or the engine's disk may be full.
        const bool gone = error.status() == kNotFound;
        return try_later(key,
                         {gone ? ErrorCode::kImageUnavailable : ErrorCode::kStartFailed,
                          gone ? "the provider's engine does not have the image now"
                               : "the container could not be created",
                          error.what()},
                         stop);
    }
    crash_point("agent.container.created");
    return Step::kContinue;
}

}  // namespace lamda::agent
