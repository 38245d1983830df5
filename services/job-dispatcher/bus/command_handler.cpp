#include "services/job-dispatcher/bus/command_handler.hpp"

#include <nlohmann/json.hpp>

#include "crypto/digest.hpp"
#include "services/job-dispatcher/bus/command_store.hpp"
#include "services/job-dispatcher/ingest/projection.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/job_write.hpp"
#include "services/job-dispatcher/jobs/spec_store.hpp"
#include "wire/command_proof.hpp"

namespace lamda::dispatch {

namespace {

using wire::Command;

problem::Problem problem(int status, const Error& error) {
    problem::Problem out;
    out.status = status;
    out.code = error.code;
    out.detail = error.message;
    if (!error.where.empty()) {
        out.errors.push_back({error.where, error.code, error.message});
    }
    return out;
}

JobRow require_job(store::Txn& txn, const JobId& id) {
    auto rows = lock_jobs(txn, {id});
    if (rows.empty()) {
        throw problem(404, {"unknown_job", "no job has this id", "/jobId"});
    }
    return std::move(rows.begin()->second);
}

/// Runs a command in the caller's transaction. Throws a Problem to roll back.
class Handler {
  public:
    Handler(store::Txn& txn, const Policy& policy, Timestamp now) : txn_(txn), policy_(policy), now_(now) {}

    JobRow operator()(const Command::SetStatus& command) const {
        const JobRow row = require_job(txn_, command.job_id);
        auto transition = on_set_status(row, command.status, command.error_message, now_);
        if (!transition) {
            throw problem(409, transition.error());
        }
        std::vector<JobWrite> writes(1);
        writes[0].before = row;
        writes[0].add(std::move(*transition));
        write_jobs(txn_, writes, policy_.chain_id, now_);
        return *writes[0].after;
    }

    JobRow operator()(const Command::AttachSpec& command) const {
        const JobRow row = require_job(txn_, command.job_id);
        const auto spec = wire::parse_job_spec(command.spec_json);
        if (!spec) {
            Error error = spec.error();
            error.where = "/spec" + error.where;
            throw problem(400, error);
        }
        const std::string canonical = wire::canonical_json(*spec);
        const JobId digest = wire::job_id_of_canonical(canonical);
        require_renter(row, command, digest);
        if (row.work_state && row.work_state != wire::WorkState::kAwaitingSpec) {
            throw problem(409, {"illegal_transition", "the job does not wait for a spec", ""});
        }
        const wire::OnChainJob on_chain{policy_.chain_id, policy_.job_manager, row.renter, row.provider,
                                        row.payment};
        if (const auto wrong = wire::contradiction(*spec, on_chain)) {
            throw problem(409, {"spec_contradicts", *wrong, "/spec"});
        }
        put_spec(txn_, as_bytes(canonical));
        attach_spec(txn_, {.job_id = row.id, .spec_id = digest, .signature = command.signature});
        txn_.notify(kWakeChannel);
        return row;
    }

  private:
    static void require_renter(const JobRow& row, const Command::AttachSpec& command, const JobId& digest) {
        const auto signature = crypto::Signature::from_hex65(command.signature);
        if (!signature) {
            throw problem(400, {"invalid_signature", signature.error().message, "/signature"});
        }
        const auto signer = crypto::recover(wire::attach_spec_digest(row.id, digest), *signature);
        if (!signer || *signer != row.renter) {
            throw problem(
                403, {"not_the_renter",
                      "the signature does not match; the job's renter must sign this job id and this spec",
                      "/signature"});
        }
    }

    store::Txn& txn_;
    const Policy& policy_;
    Timestamp now_;
};

/// Digest of kind, job and content, without the proof, which differs for each request.
Bytes32 digest_of(const Command& command) {
    return crypto::sha256(as_bytes(wire::to_json(Command{"-", command.what})));
}

}  // namespace

CommandHandler::CommandHandler(store::Database& database, Deployment& deployment,
                               runtime::Secret operator_token, const Clock& clock, telemetry::Log log,
                               telemetry::Metrics& metrics)
    : database_(database),
      deployment_(deployment),
      operator_token_(std::move(operator_token)),
      clock_(clock),
      log_(std::move(log)),
      refused_(metrics.counter("lamda_dispatch_commands_refused_total",
                               "Commands without the operator's proof, or with a stale one.")) {}

std::string CommandHandler::answer(const std::string& body) {
    const auto command = wire::parse_command(body);
    if (!command) {
        return problem::to_json(problem(400, command.error()));
    }
    if (const auto refusal = check_proof(*command)) {
        return problem::to_json(*refusal);
    }
    std::string answer;
    try {
        answer = take(*command);
    } catch (const problem::Problem& refused) {
        answer = problem::to_json(refused);
    } catch (const std::exception& e) {
        log_.error("command failed", {{"reason", e.what()}});
        answer = problem::to_json(
            problem(503, {"unavailable", "the dispatcher is temporarily unavailable; try again", ""}));
    }
    const bool by_operator = std::holds_alternative<Command::SetStatus>(command->what);
    return by_operator ? wire::prove_answer(answer, *command, operator_token_.reveal()) : answer;
}

std::optional<problem::Problem> CommandHandler::check_proof(const Command& command) {
    if (std::holds_alternative<Command::AttachSpec>(command.what)) {
        return std::nullopt;  // signed by the renter
    }
    lamda::Status verified =
        Error{"forbidden", "the job dispatcher has no operator token (OPERATOR_TOKEN)", ""};
    if (!operator_token_.empty()) {
        verified = wire::verify_command(command, operator_token_.reveal(), clock_.now());
    }
    if (verified) {
        return std::nullopt;
    }
    refused_.add();
    const std::lock_guard lock(mutex_);
    if (const auto left_out = refusals_.admit(clock_.steady())) {
        log_.warn("command refused", {{"code", verified.error().code},
                                      {"reason", verified.error().message},
                                      {"job_id", wire::job_of(command).hex()},
                                      {"not_logged_before", *left_out}});
    }
    return problem(403, verified.error());
}

std::string CommandHandler::take(const Command& command) {
    return database_.transact([&](store::Txn& txn) {
        // Serializes requests with the same id, so that the second one finds the stored answer.
        lock_request(txn, command.request_id);
        const Bytes32 asked = digest_of(command);
        if (const auto known = find_answer(txn, command.request_id)) {
            if (known->asked.value_or(asked) != asked) {
                throw problem(
                    422, {"key_reused", "this request id was used with another command; use a new id", ""});
            }
            return known->answer;
        }
        const auto policy = deployment_.policy(txn);
        if (!policy) {
            throw problem(503, {"not_ready", "the dispatcher has not read the chain yet; try again", ""});
        }
        const JobRow row = std::visit(Handler(txn, *policy, clock_.now()), command.what);
        const std::string answer = nlohmann::json{{"v", 1},
                                                  {"requestId", command.request_id},
                                                  {"jobId", wire::job_of(command).hex()},
                                                  {"status", wire::to_string(row.status())}}
                                       .dump();
        put_answer(txn, command.request_id, {answer, asked});
        return answer;
    });
}

}  // namespace lamda::dispatch
