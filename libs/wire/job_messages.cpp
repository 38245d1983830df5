// Assignment, retraction, command: what goes to agents and to the dispatcher.
#include "wire/messages.hpp"
#include "wire/spec_fields.hpp"

namespace lamda::wire {

using detail::Fields;
using detail::Json;

std::string to_json(const Assignment& message) {
    return Json(Json::Object{
                    {"v", 1},
                    {"jobId", message.job_id.hex()},
                    {"attempt", message.attempt},
                    {"provider", message.provider.hex()},
                    {"dockerImage", message.docker_image},
                    {"inputFileCID", message.input_file_cid},
                    {"command", detail::command_json(message.command)},
                    {"env", detail::env_json(message.env)},
                    {"requirements", detail::requirements_json(message.requirements)},
                    {"chainId", message.chain_id.value},
                    {"jobManager",
                     message.job_manager ? std::optional(message.job_manager->hex()) : std::nullopt},
                    {"blockNumber", message.block_number.value},
                    {"blockHash", message.block_hash.hex()},
                })
        .text();
}

Result<Assignment> parse_assignment(std::string_view json) {
    const auto value = detail::parse_message(json);
    if (!value) {
        return value.error();
    }
    std::optional<Error> failure;
    Fields fields(*value, "", failure);
    Assignment out;
    out.job_id = fields.lowercase_id<JobId>("jobId");
    out.attempt = fields.uint32("attempt", 1);
    out.provider = fields.lowercase_address("provider");
    out.docker_image = fields.text("dockerImage", 1, detail::kMostImageBytes);
    out.input_file_cid = fields.optional_cid("inputFileCID");
    out.command = detail::read_command(fields);
    out.env = detail::read_env(fields);
    out.requirements = detail::read_requirements(fields);
    out.chain_id.value = fields.uint64("chainId", 1);
    if (fields.has("jobManager")) {
        out.job_manager = fields.lowercase_address("jobManager");
    }
    out.block_number.value = fields.uint64("blockNumber", 0);
    out.block_hash = fields.lowercase_id<BlockHash>("blockHash");
    if (failure) {
        return *failure;
    }
    return out;
}

std::string to_json(const Retraction& message) {
    constexpr const char* kReasons[] = {"orphaned", "cancelled", "superseded"};
    return Json(Json::Object{{"v", 1},
                             {"jobId", message.job_id.hex()},
                             {"attempt", message.attempt},
                             {"reason", kReasons[static_cast<std::size_t>(message.reason)]}})
        .text();
}

Result<Retraction> parse_retraction(std::string_view json) {
    const auto value = detail::parse_message(json);
    if (!value) {
        return value.error();
    }
    std::optional<Error> failure;
    Fields fields(*value, "", failure);
    Retraction out;
    out.job_id = fields.lowercase_id<JobId>("jobId");
    out.attempt = fields.uint32("attempt", 1);
    out.reason = static_cast<RetractReason>(fields.one_of("reason", {"orphaned", "cancelled", "superseded"}));
    if (failure) {
        return *failure;
    }
    return out;
}

std::string to_json(const Command& message) {
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
        // A string, not an object: the signature is over the digest of exactly this text.
        attach.spec_json = fields.text("spec", 2, 65536);
        attach.signature = fields.text("signature", 1, 132);
        fields.checked("signature", crypto::Signature::from_hex65(attach.signature), {});
        out.what = std::move(attach);
    }
    if (failure) {
        return *failure;
    }
    return out;
}

}  // namespace lamda::wire
