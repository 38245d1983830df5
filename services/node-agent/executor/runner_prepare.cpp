// Preparation part of Runner: from an accepted attempt to created work (environment, input, work).
#include <filesystem>
#include <system_error>

#include "core/crash_point.hpp"
#include "services/node-agent/executor/output.hpp"
#include "services/node-agent/executor/runner.hpp"

namespace lamda::agent {

namespace fs = std::filesystem;
using wire::ErrorCode;
using Kind = StepFailure::Kind;

std::optional<StepFailure> Runner::missing_resource(const wire::Requirements& requirements) {
    if (auto lack = executor_.lack(requirements)) {
        return StepFailure{Kind::kPermanent, *std::move(lack)};
    }
    auto machine = executor_.machine();
    const auto disk = fs::space(config_.jobs_dir);
    machine.disk_bytes = disk.capacity;
    if (const auto why = unmet_requirement(requirements, offer_of(config_.limits, machine))) {
        return StepFailure{Kind::kPermanent, {ErrorCode::kRefused, *why}};
    }
    if (disk.available >> 20U < requirements.disk_mib) {
        return StepFailure{
            Kind::kTransient,
            {ErrorCode::kStartFailed, "diskMib: this provider has too little free disk space now",
             std::to_string(disk.available) + " bytes are free in " + config_.jobs_dir}};
    }
    return std::nullopt;
}

Runner::Step Runner::prepare(const AttemptKey& key, const Attempt& attempt, const std::stop_token& stop) {
    const auto& assignment = attempt.assignment;
    if (const auto lack = missing_resource(assignment.requirements)) {
        return fail(key, *lack, stop);
    }
    const auto environment = executor_.obtain(assignment, stop);
    if (const auto* failed = std::get_if<StepFailure>(&environment)) {
        return fail(key, *failed, stop);
    }
    if (fetch_input(key, attempt, stop) == Step::kEnded) {
        return Step::kEnded;
    }
    crash_point("agent.input.fetched");
    if (stop.stop_requested() || !journal_.active(key)) {
        return Step::kEnded;
    }
    auto dirs = dirs_of(key);
    make_open_dir(dirs.output());
    if (const auto failure = secrets_.put(assignment)) {
        return fail(key, *failure);
    }
    dirs.secrets = secrets_.dir_of(assignment);
    if (const auto failed = executor_.create(assignment, std::get<Environment>(environment), dirs)) {
        return fail(key, *failed, stop);
    }
    crash_point("agent.container.created");
    return Step::kContinue;
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
        // A source that comes and goes may need any number of failures, as long as each brings blocks.
        content_.fetch_resumable(*cid, partial, config_.max_input_bytes, stop, [&] { retries_.forget(key); });
        rename_durably(partial, input);
        return Step::kContinue;
    } catch (const ipfs::Mismatch& error) {
        return fail(key, {ErrorCode::kInputMismatch, error.what()});
    } catch (const ipfs::TooLarge& error) {
        return fail(key, {ErrorCode::kRefused, error.what()});
    } catch (const std::system_error& error) {
        const auto message = "the input cannot be written: " + error.code().message();
        return is_permanent(error) ? fail(key, {ErrorCode::kRefused, message})
                                   : try_later(key, {ErrorCode::kInternal, message}, stop);
    } catch (const DiskError& error) {
        return try_later(key, {ErrorCode::kInternal, "the input cannot be written", error.what()}, stop);
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

}  // namespace lamda::agent
