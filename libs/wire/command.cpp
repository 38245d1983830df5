// Commands of operators and renters to the dispatcher through the gateway, and the operator's proof.
#include "wire/command_proof.hpp"

#include "crypto/hmac.hpp"
#include "wire/detail/fields.hpp"

namespace lamda::wire {

using detail::Fields;
using detail::Json;

namespace {

constexpr auto kProof = "proof";
// Separates the proofs: a proof made for one context is not valid in another.
constexpr auto kCommandContext = "Lamda jobs.command\n";
constexpr auto kAnswerContext = "Lamda jobs.command answer\n";

constexpr auto kSetStatus = "set_status";
constexpr auto kAttachSpec = "attach_spec";
constexpr auto kCancelJob = "cancel_job";

/// Appends the members of each kind.
struct AddMembers {
    Json::Object& out;

    void operator()(const Command::SetStatus& set) const {
        out.push_back({"kind", kSetStatus});
        out.push_back({"status", set.status});
        out.push_back({"errorMessage", set.error_message});
    }
    void operator()(const Command::AttachSpec& attach) const {
        out.push_back({"kind", kAttachSpec});
        out.push_back({"spec", attach.spec_json});
        out.push_back({"signature", attach.signature});
    }
    void operator()(const Command::CancelJob& cancel) const {
        out.push_back({"kind", kCancelJob});
        if (cancel.by_renter) {
            out.push_back({"expiresAt", cancel.by_renter->expires_at});
            out.push_back({"signature", cancel.by_renter->signature.hex65()});
        }
    }
};

Json::Object to_object(const Command& message) {
    Json::Object out{{"v", 1}, {"requestId", message.request_id}, {"jobId", job_of(message).hex()}};
    std::visit(AddMembers{out}, message.what);
    if (message.proof) {
        out.push_back({"at", to_rfc3339(message.proof->at)});
    }
    return out;
}

Command::SetStatus read_set_status(Fields& fields, const JobId& job) {
    Command::SetStatus set;
    set.job_id = job;
    set.status = fields.one_of("status", {"cancelled", "failed"}) == 0 ? "cancelled" : "failed";
    set.error_message = fields.optional_text("errorMessage", 1024).value_or("");
    return set;
}

Command::AttachSpec read_attach_spec(Fields& fields, const JobId& job) {
    Command::AttachSpec attach;
    attach.job_id = job;
    // A string, not an object: the signature covers the digest of exactly this text.
    attach.spec_json = fields.text("spec", 2, 65536);
    attach.signature = fields.text("signature", 1, 132);
    fields.checked("signature", crypto::Signature::from_hex65(attach.signature), {});
    return attach;
}

/// One of `expiresAt` and `signature` alone is refused: it would make the renter's command the operator's.
Command::CancelJob read_cancel_job(Fields& fields, const JobId& job) {
    Command::CancelJob cancel;
    cancel.job_id = job;
    if (fields.has("expiresAt") || fields.has("signature")) {
        cancel.by_renter = Command::CancelJob::ByRenter{
            fields.uint64("expiresAt", 1),
            fields.checked("signature", crypto::Signature::from_hex65(fields.text("signature", 1, 132)), {})};
    }
    return cancel;
}

Bytes32 code_of(const Command& command, std::string_view token) {
    return crypto::hmac_sha256(token, kCommandContext + Json(to_object(command)).text());
}

Bytes32 code_of(const Json& answer, const Command& command, std::string_view token) {
    return crypto::hmac_sha256(token, kAnswerContext + command.proof->code.hex() + '\n' + answer.text());
}

Result<Json> parse_answer(std::string_view text) {
    auto answer =
        detail::parse_json(text, {.bytes = std::size_t{1} << 20, .depth = 8, .inexact_allowed = true});
    if (answer && answer->as<Json::Object>() == nullptr) {
        return Error{"invalid_type", "the answer must be an object", ""};
    }
    return answer;
}

}  // namespace

const JobId& job_of(const Command& command) {
    return std::visit([](const auto& what) -> const JobId& { return what.job_id; }, command.what);
}

bool needs_operator(const Command& command) {
    const auto* cancel = std::get_if<Command::CancelJob>(&command.what);
    return std::holds_alternative<Command::SetStatus>(command.what) ||
           (cancel != nullptr && !cancel->by_renter);
}

std::string to_json(const Command& message) {
    auto out = to_object(message);
    if (message.proof) {
        out.push_back({kProof, message.proof->code.hex()});
    }
    return Json(std::move(out)).text();
}

Result<Command> parse_command(std::string_view json) {
    const auto value = detail::parse_message(json);
    if (!value) {
        return value.error();
    }
    std::optional<Error> failure;
    Fields fields(*value, "", failure);
    Command out;
    out.request_id = fields.text("requestId", 1, 128);
    const auto job = fields.lowercase_id<JobId>("jobId");
    switch (fields.one_of("kind", {kSetStatus, kAttachSpec, kCancelJob})) {
        case 0:
            out.what = read_set_status(fields, job);
            break;
        case 1:
            out.what = read_attach_spec(fields, job);
            break;
        default:
            out.what = read_cancel_job(fields, job);
            break;
    }
    if (fields.has(kProof)) {
        out.proof = Command::Proof{fields.time("at"), fields.lowercase_id<Bytes32>(kProof)};
    }
    if (failure) {
        return *failure;
    }
    return out;
}

Command prove_command(Command command, std::string_view token, Timestamp now) {
    command.proof = Command::Proof{now, {}};
    command.proof->code = code_of(command, token);
    return command;
}

lamda::Status verify_command(const Command& command, std::string_view token, Timestamp now) {
    if (!command.proof) {
        return Error{"no_proof", "the command carries no proof of the operator", "/proof"};
    }
    if (!crypto::same_code(command.proof->code, code_of(command, token))) {
        return Error{"wrong_proof", "the proof is not made with this operator token over this command",
                     "/proof"};
    }
    const auto at = command.proof->at;
    if (at < now - kCommandLifetime || at > now + kCommandLifetime) {
        return Error{"stale_command",
                     "the command is of " + to_rfc3339(at) + ", more than three days from " + to_rfc3339(now),
                     "/at"};
    }
    return Ok{};
}

std::string prove_answer(std::string_view text, const Command& command, std::string_view token) {
    auto answer = parse_answer(text).value();
    answer.set(kProof, code_of(answer, command, token).hex());
    return answer.text();
}

bool answer_is_proven(std::string_view text, const Command& command, std::string_view token) {
    auto answer = parse_answer(text);
    const auto* proof = answer ? answer->find(kProof) : nullptr;
    const auto* hex = proof == nullptr ? nullptr : proof->as<std::string>();
    const auto code = hex == nullptr ? std::nullopt : std::optional(Bytes32::parse(*hex));
    if (!code || !*code || !command.proof) {
        return false;
    }
    std::erase_if(*answer->as<Json::Object>(), [](const auto& member) { return member.key == kProof; });
    return crypto::same_code(**code, code_of(*answer, command, token));
}

}  // namespace lamda::wire
