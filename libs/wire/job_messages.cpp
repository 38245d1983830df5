// Messages to agents: assignment, retraction, applied status.
#include "wire/detail/spec_fields.hpp"
#include "wire/messages.hpp"

namespace lamda::wire {

using detail::Fields;
using detail::Json;

std::string to_json(const Assignment& message) {
    Json::Object fields = {
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
        {"jobManager", message.job_manager ? std::optional(message.job_manager->hex()) : std::nullopt},
        {"renter", message.renter ? std::optional(message.renter->hex()) : std::nullopt},
        {"payment", message.payment ? std::optional(to_decimal(*message.payment)) : std::nullopt},
        {"blockNumber", message.block_number.value},
        {"blockHash", message.block_hash.hex()},
    };
    if (message.spec) {
        fields.emplace_back("spec", *message.spec);
    }
    return Json(std::move(fields)).text();
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
    if (fields.has("renter")) {
        out.renter = fields.lowercase_address("renter");
    }
    if (fields.has("payment")) {
        out.payment = fields.checked("payment", u256_from_decimal(fields.text("payment", 1, 78)), U256(0));
    }
    out.spec = fields.optional_text("spec", kMostSpecBytes);
    out.block_number.value = fields.uint64("blockNumber", 0);
    out.block_hash = fields.lowercase_id<BlockHash>("blockHash");
    if (failure) {
        return *failure;
    }
    return out;
}

std::string to_json(const Retraction& message) {
    constexpr const char* kReasons[] = {"orphaned", "cancelled", "superseded"};
    Json::Object out{{"v", 1},
                     {"jobId", message.job_id.hex()},
                     {"attempt", message.attempt},
                     {"reason", kReasons[static_cast<std::size_t>(message.reason)]}};
    if (message.chain_id) {
        out.emplace_back("chainId", message.chain_id->value);
    }
    if (message.job_manager) {
        out.emplace_back("jobManager", message.job_manager->hex());
    }
    return Json(std::move(out)).text();
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
    if (fields.has("chainId")) {
        out.chain_id = ChainId{fields.uint64("chainId", 1)};
    }
    if (fields.has("jobManager")) {
        out.job_manager = fields.lowercase_address("jobManager");
    }
    if (failure) {
        return *failure;
    }
    return out;
}

std::string to_json(const StatusApplied& message) {
    return Json(Json::Object{{"v", 1},
                             {"jobId", message.job_id.hex()},
                             {"attempt", message.attempt},
                             {"seq", message.seq}})
        .text();
}

Result<StatusApplied> parse_status_applied(std::string_view json) {
    const auto value = detail::parse_message(json);
    if (!value) {
        return value.error();
    }
    std::optional<Error> failure;
    Fields fields(*value, "", failure);
    StatusApplied out;
    out.job_id = fields.lowercase_id<JobId>("jobId");
    out.attempt = fields.uint32("attempt", 1);
    out.seq = fields.uint32("seq", 1);
    if (failure) {
        return *failure;
    }
    return out;
}

}  // namespace lamda::wire
