// Storage part of Runner: from a recorded run to its final status. Only the upload of the output is retried,
// never the run.
#include <filesystem>
#include <system_error>

#include "core/crash_point.hpp"
#include "services/node-agent/executor/output.hpp"
#include "services/node-agent/executor/runner.hpp"

namespace lamda::agent {

namespace fs = std::filesystem;
using wire::ErrorCode;

bool Runner::take_over_output(const AttemptKey& key, const Attempt& attempt) {
    if (!attempt.output_of) {
        return true;
    }
    const auto own = dirs_of(key);
    const auto earlier = dirs_of({key.job, *attempt.output_of});
    if (!fs::exists(own.root) && fs::exists(earlier.root)) {
        fs::rename(earlier.root, own.root);
        crash_point("agent.output.taken_over");
        log_.info("storing the output of an earlier attempt",
                  {{"job", key.job.hex()}, {"attempt", key.attempt}, {"output_of", *attempt.output_of}});
    }
    if (fs::exists(own.output())) {
        return true;
    }
    log_.warn("output of an earlier attempt missing, running the job again",
              {{"job", key.job.hex()}, {"attempt", key.attempt}, {"output_of", *attempt.output_of}});
    journal_.update(key, [](Attempt& entry) {
        entry.ran.reset();
        entry.output_of.reset();
    });
    return false;
}

std::optional<Cid> Runner::store_output(const AttemptKey& key, const RunResult& ran,
                                        const std::stop_token& stop) {
    const std::string output = dirs_of(key).output();
    try {
        if (!fs::exists(output)) {
            fail(key,
                 {ErrorCode::kInternal, "the output was removed before it was stored", "", ran.exit_code});
            return std::nullopt;
        }
        if (const auto entry = unstorable_entry(output)) {
            fail(key, {ErrorCode::kRefused, *entry, "", ran.exit_code});
            return std::nullopt;
        }
        return content_.put(output, stop);
    } catch (const std::invalid_argument& error) {
        // Permanent: folders too deep, or a name that UnixFS does not allow.
        fail(key, {ErrorCode::kRefused, without_path(error.what(), dirs_of(key).root), "", ran.exit_code});
    } catch (const std::system_error& error) {
        const auto message = "the output cannot be read: " + error.code().message();
        if (is_permanent(error)) {
            fail(key, {ErrorCode::kRefused, message, "", ran.exit_code});
        } else {
            try_later(key, {ErrorCode::kInternal, message, "", ran.exit_code}, stop);
        }
    } catch (const ipfs::Mismatch& error) {
        try_later(key,
                  {ErrorCode::kStoreFailed, "the content store returned a CID that does not match the output",
                   error.what(), ran.exit_code},
                  stop);
    } catch (const ipfs::Unavailable& error) {
        try_later(key,
                  {ErrorCode::kStoreFailed, "the output could not be stored and pinned", error.what(),
                   ran.exit_code},
                  stop);
    }
    return std::nullopt;
}

void Runner::complete(const AttemptKey& key, const Attempt& attempt, const RunResult& ran,
                      const std::stop_token& stop) {
    const auto cid = store_output(key, ran, stop);
    if (!cid) {
        return;
    }
    crash_point("agent.output.stored");
    wire::Receipt receipt;
    receipt.job_id = key.job;
    receipt.attempt = key.attempt;
    receipt.image_digest = ran.image_digest;
    receipt.input_file_cid = attempt.assignment.input_file_cid.value_or("");
    receipt.output_file_cid = cid->to_string();
    receipt.started_at = ran.started_at;
    receipt.ended_at = ran.ended_at;
    receipt.exit_code = ran.exit_code;
    StatusDetails details;
    details.output_file_cid = receipt.output_file_cid;
    details.exit_code = ran.exit_code;
    details.receipt = receipt;
    journal_.update(key, [&](Attempt& entry) {
        if (entry.active()) {
            statuses_.add(entry, wire::StatusKind::kCompleted, details);
        }
    });
    crash_point("agent.final.recorded");
    retries_.forget(key);
    metrics_.counter("lamda_agent_attempts_total", "Attempts that ended", {{"result", "completed"}}).add();
    log_.info("attempt completed",
              {{"job", key.job.hex()}, {"attempt", key.attempt}, {"output", receipt.output_file_cid}});
}

}  // namespace lamda::agent
