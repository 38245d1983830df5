// Messages for any subscriber: log chunks, events.
#include <limits>
#include <stdexcept>

#include "wire/detail/fields.hpp"
#include "wire/messages.hpp"

namespace lamda::wire {

using detail::Fields;
using detail::Json;

std::string to_json(const LogChunk& message) {
    return Json(Json::Object{{"v", 1},
                             {"jobId", message.job_id.hex()},
                             {"attempt", message.attempt},
                             {"seq", message.seq},
                             {"stream", message.stream},
                             {"at", to_rfc3339(message.at)},
                             {"data", message.data}})
        .text();
}

Result<LogChunk> parse_log_chunk(std::string_view json) {
    const auto value = detail::parse_message(json);
    if (!value) {
        return value.error();
    }
    std::optional<Error> failure;
    Fields fields(*value, "", failure);
    LogChunk out;
    out.job_id = fields.lowercase_id<JobId>("jobId");
    out.attempt = fields.uint32("attempt", 1);
    out.seq = fields.uint64("seq", 1);
    out.stream = fields.one_of("stream", {"stdout", "stderr"}) == 0 ? "stdout" : "stderr";
    out.at = fields.time("at");
    out.data = fields.text("data", 0, std::numeric_limits<std::size_t>::max());
    if (failure) {
        return *failure;
    }
    return out;
}

std::string to_json(const Event& message) {
    auto data =
        detail::parse_json(message.data_json, {.bytes = 1U << 20, .depth = 31, .inexact_allowed = true});
    if (!data || data->as<Json::Object>() == nullptr) {
        throw std::invalid_argument("an event's data must be a JSON object");
    }
    Json chain;
    if (message.chain_id) {
        chain = message.chain_id->value;
    }
    return Json(Json::Object{{"v", 1},
                             {"id", message.id},
                             {"kind", message.kind},
                             {"at", to_rfc3339(message.at)},
                             {"chainId", chain},
                             {"blockNumber", message.block ? Json(message.block->number.value) : Json()},
                             {"blockHash", message.block ? Json(message.block->hash.hex()) : Json()},
                             {"logIndex", message.log_index},
                             {"data", *std::move(data)}})
        .text();
}

Result<Event> parse_event(std::string_view json) {
    const auto value = detail::parse_message(json);
    if (!value) {
        return value.error();
    }
    std::optional<Error> failure;
    Fields fields(*value, "", failure);
    Event out;
    out.id = fields.integer("id", 0, detail::kMostExact);
    out.kind = fields.text("kind", 1, 64);
    out.at = fields.time("at");
    if (fields.has("chainId")) {
        out.chain_id = ChainId{fields.uint64("chainId", 1)};
    }
    if (fields.has("blockNumber") || fields.has("blockHash")) {
        out.block =
            BlockRef{BlockNum{fields.uint64("blockNumber", 0)}, fields.lowercase_id<BlockHash>("blockHash")};
    }
    if (fields.has("logIndex")) {
        out.log_index = fields.uint64("logIndex", 0);
    }
    out.data_json = fields.object_value("data").text();
    if (failure) {
        return *failure;
    }
    return out;
}

}  // namespace lamda::wire
