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

Json::Object to_object(const Command& message) {
    Json::Object out{{"v", 1}, {"requestId", message.request_id}};
    if (const auto* set = std::get_if<Command::SetStatus>(&message.what)) {
        out.push_back({"kind", "set_status"});
        out.push_back({"jobId", set->job_id.hex()});
        out.push_back({"status", set->status});
        out.push_back({"errorMessage", set->error_message});
    } else {
        const auto& attach = std::get<Command::AttachSpec>(message.what);
        out.push_back({"kind", "attach_spec"});
        out.push_back({"jobId", attach.job_id.hex()});
        out.push_back({"spec", attach.spec_json});
        out.push_back({"signature", attach.signature});
    }
    if (message.proof) {
        out.push_back({"at", to_rfc3339(message.proof->at)});
    }
    return out;
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
    if (fields.one_of("kind", {"set_status", "attach_spec"}) == 0) {
        Command::SetStatus set;
        set.job_id = fields.lowercase_id<JobId>("jobId");
        set.status = fields.one_of("status", {"cancelled", "failed"}) == 0 ? "cancelled" : "failed";
        set.error_message = fields.optional_text("errorMessage", 1024).value_or("");
        out.what = std::move(set);
    } else {
        Command::AttachSpec attach;
        attach.job_id = fields.lowercase_id<JobId>("jobId");
        // A string, not an object: the signature covers the digest of exactly this text.
        attach.spec_json = fields.text("spec", 2, 65536);
        attach.signature = fields.text("signature", 1, 132);
        fields.checked("signature", crypto::Signature::from_hex65(attach.signature), {});
        out.what = std::move(attach);
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
