// The part of Runner that leads from an accepted attempt to a container: image, input, container.
#include <filesystem>
#include <system_error>

#include "core/crash_point.hpp"
#include "output.hpp"
#include "runner.hpp"

namespace lamda::agent {

namespace fs = std::filesystem;
using wire::ErrorCode;

namespace {

constexpr int kBadRequest = 400;
constexpr int kNotFound = 404;

}  // namespace

std::optional<std::string> Runner::beyond_engine(const wire::Requirements& requirements) {
    if (requirements.network && !engine_.has_bridge()) {
        return "the job asks for a network and this engine has none";
    }
    return beyond(requirements, engine_.machine());
}

Runner::Step Runner::prepare(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop) {
    const auto& assignment = attempt.assignment;
    if (const auto why = beyond_engine(assignment.requirements)) {
        return fail(key, ErrorCode::kRefused, *why);
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

std::optional<Image> Runner::obtain_image(const AttemptKey& key, const std::string& name,
                                          const std::stop_token& stop) {
    try {
        if (auto image = engine_.image(name)) {
            return image;
        }
        log_.info("pulling an image", {{"image", name}});
        engine_.pull(name, config_.pull_timeout, stop);
        if (auto image = engine_.image(name)) {
            return image;
        }
        throw EngineError(kNotFound, "the engine has pulled the image and does not have it");
    } catch (const EngineError& error) {
        switch (pull_fault(error.status(), error.what())) {
            case PullFault::kImpossible:
                fail(key, ErrorCode::kRefused, error.what());
                break;
            case PullFault::kDenied:
                fail(key, ErrorCode::kImageUnavailable, error.what());
                break;
            case PullFault::kPassing:
                try_later(key, ErrorCode::kImageUnavailable, error.what(), stop);
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
        return Step::kGoOn;  // it gets that name only when it is complete and verified
    }
    const auto cid = Cid::parse(*wanted);
    if (!cid) {
        return fail(key, ErrorCode::kRefused, cid.error().message);
    }
    const std::string partial = input + ".partial";
    try {
        fs::remove_all(partial);
        content_.fetch(*cid, partial, config_.max_input_bytes, stop);
        fs::rename(partial, input);
        return Step::kGoOn;
    } catch (const ipfs::Mismatch& error) {
        return fail(key, ErrorCode::kInputMismatch, error.what());
    } catch (const ipfs::TooLarge& error) {
        return fail(key, ErrorCode::kRefused, error.what());
    } catch (const std::system_error& error) {
        const auto message = "the input cannot be written: " + error.code().message();
        return is_same_everywhere(error) ? fail(key, ErrorCode::kRefused, message)
                                         : try_later(key, ErrorCode::kInternal, message, stop);
    } catch (const ipfs::Unavailable& error) {
        return try_later(key, ErrorCode::kInputUnavailable, error.what(), stop);
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
        engine_.create(spec);  // false: a process before us made it; it is the same container
        if (spec.gpu_count > 0 && !engine_.has_devices(spec.name)) {
            return fail(key, ErrorCode::kRefused, "the job asks for GPUs and this engine gives none");
        }
    } catch (const EngineError& error) {
        const bool gpu = spec.gpu_count > 0 && lacks_device(error.what());
        if (gpu || error.status() == kBadRequest || is_impossible_start(error.what())) {
            return fail(key, ErrorCode::kRefused, error.what());
        }
        // Its image may have been removed meanwhile, the engine's disk be full: both pass.
        return try_later(key,
                         error.status() == kNotFound ? ErrorCode::kImageUnavailable : ErrorCode::kStartFailed,
                         error.what(), stop);
    }
    crash_point("agent.container.created");
    return Step::kGoOn;
}

}  // namespace lamda::agent
