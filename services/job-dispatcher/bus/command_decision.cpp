#include "services/job-dispatcher/bus/command_decision.hpp"

#include <nlohmann/json.hpp>

#include "crypto/digest.hpp"
#include "wire/documents/cancellation.hpp"

namespace lamda::dispatch {

namespace {

using wire::Command;

/// Digest of kind, job and content, without the proof, which differs for each request.
Bytes32 digest_of(const Command& command) {
    return crypto::sha256(as_bytes(wire::to_json(Command{"-", command.what})));
}

std::optional<CommandRefusal> not_by_renter(const JobRow& row, const Command::AttachSpec& command,
                                            const JobId& digest) {
    const auto signature = crypto::Signature::from_hex65(command.signature);
    if (!signature) {
        return CommandRefusal{400, {"invalid_signature", signature.error().message, "/signature"}};
    }
    const auto signer = crypto::recover(wire::attach_spec_digest(row.id, digest), *signature);
    if (!signer || *signer != row.renter) {
        return CommandRefusal{
            403,
            {"not_the_renter",
             "the signature does not match; the job's renter must sign this job id and this spec",
             "/signature"}};
    }
    return std::nullopt;
}

/// Decides about each kind of command on a known job.
struct OnJob {
    const JobRow& row;
    const Policy& policy;
    Timestamp now;

    CommandDecision operator()(const Command::SetStatus& command) const {
        auto transition = on_set_status(row, command.status, command.error_message, now);
        if (!transition) {
            return CommandRefusal{409, transition.error()};
        }
        CommandEffect out;
        out.write.before = row;
        out.write.add(std::move(*transition));
        return out;
    }

    CommandDecision operator()(const Command::AttachSpec& command) const {
        const auto spec = wire::parse_job_spec(command.spec_json);
        if (!spec) {
            Error error = spec.error();
            error.where = "/spec" + error.where;
            return CommandRefusal{400, error};
        }
        std::string canonical = wire::canonical_json(*spec);
        const JobId digest = wire::job_id_of_canonical(canonical);
        if (auto refusal = not_by_renter(row, command, digest)) {
            return *refusal;
        }
        if (row.work_state && row.work_state != wire::WorkState::kAwaitingSpec) {
            return CommandRefusal{409, {"illegal_transition", "the job does not wait for a spec", ""}};
        }
        const wire::OnChainJob on_chain{policy.chain_id, policy.job_manager, row.renter, row.provider,
                                        row.payment};
        if (const auto wrong = wire::contradiction(*spec, on_chain)) {
            return CommandRefusal{409, {"spec_contradicts", *wrong, "/spec"}};
        }
        CommandEffect out;
        out.write.before = row;
        out.spec = SpecAttachment{std::move(canonical),
                                  {.job_id = row.id, .spec_id = digest, .signature = command.signature}};
        return out;
    }

    CommandDecision operator()(const Command::CancelJob& command) const {
        if (command.by_renter) {
            const auto domain = wire::market_domain(policy.chain_id, policy.job_manager);
            if (const auto valid = wire::verify_cancellation(command, row.renter, domain, now); !valid) {
                return CommandRefusal{403, valid.error()};
            }
        }
        auto transition =
            on_cancel(row, command.by_renter ? "cancelled by its renter" : "cancelled by the operator", now);
        if (!transition) {
            return CommandRefusal{409, transition.error(), row.status()};
        }
        CommandEffect out;
        out.write.before = row;
        out.write.add(std::move(*transition));
        return out;
    }
};

std::string answer_of(const Command& command, const JobRow& row) {
    nlohmann::json out{{"v", 1},
                       {"requestId", command.request_id},
                       {"jobId", wire::job_of(command).hex()},
                       {"status", wire::to_string(row.status())}};
    if (std::holds_alternative<Command::CancelJob>(command.what)) {
        const auto escrow = wire::escrow_of(row.chain_state);
        out["reason"] = row.error_message.value_or("");
        out["escrow"] = {{"code", wire::to_string(escrow)}, {"detail", wire::describe(escrow)}};
    }
    return out.dump();
}

}  // namespace

CommandDecision decide_command(const CommandCase& found, const Command& command, Timestamp now) {
    const Bytes32 asked = digest_of(command);
    if (found.stored) {
        if (found.stored->asked.value_or(asked) != asked) {
            return CommandRefusal{
                422, {"key_reused", "this request id was used with another command; use a new id", ""}};
        }
        return RepeatedAnswer{found.stored->answer};
    }
    if (!found.policy) {
        return CommandRefusal{503, {"not_ready", "the dispatcher has not read the chain yet; try again", ""}};
    }
    if (!found.row) {
        return CommandRefusal{404, {"unknown_job", "no job has this id", "/jobId"}};
    }
    auto decision = std::visit(OnJob{*found.row, *found.policy, now}, command.what);
    if (auto* effect = std::get_if<CommandEffect>(&decision)) {
        auto answer = answer_of(command, *effect->write.present());
        if (effect->write.nothing() && !effect->spec) {
            return RepeatedAnswer{std::move(answer)};
        }
        effect->answer = {std::move(answer), asked};
    }
    return decision;
}

}  // namespace lamda::dispatch
