#include "services/job-dispatcher/bus/command_handler.hpp"

#include "services/job-dispatcher/bus/command_store.hpp"
#include "wire/command_proof.hpp"

namespace lamda::dispatch {

namespace {

using wire::Command;

problem::Problem problem(int status, const Error& error, std::optional<wire::PublicStatus> job = {}) {
    problem::Problem out;
    out.status = status;
    out.code = error.code;
    out.detail = error.message;
    if (!error.where.empty()) {
        out.errors.push_back({error.where, error.code, error.message});
    }
    if (job) {
        out.errors.push_back({"{id}", "job_" + std::string(wire::to_string(*job)), error.message});
    }
    return out;
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
    } catch (const std::exception& e) {
        log_.error("command failed", {{"reason", e.what()}});
        answer = problem::to_json(
            problem(503, {"unavailable", "the dispatcher is temporarily unavailable; try again", ""}));
    }
    return wire::needs_operator(*command) ? wire::prove_answer(answer, *command, operator_token_.reveal())
                                          : answer;
}

std::optional<problem::Problem> CommandHandler::check_proof(const Command& command) {
    if (!wire::needs_operator(command)) {
        return std::nullopt;  // signed by the renter: decide_command() compares
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
        const auto found = load_command(txn, command, deployment_.policy(txn));
        const auto now = clock_.now();
        const auto decision = decide_command(found, command, now);
        if (const auto* refusal = std::get_if<CommandRefusal>(&decision)) {
            return problem::to_json(problem(refusal->status, refusal->error, refusal->job));
        }
        if (const auto* repeated = std::get_if<RepeatedAnswer>(&decision)) {
            return repeated->answer;
        }
        const auto& effect = std::get<CommandEffect>(decision);
        save_command(txn, command, effect, found.policy->chain_id, now);
        return effect.answer.answer;
    });
}

}  // namespace lamda::dispatch
