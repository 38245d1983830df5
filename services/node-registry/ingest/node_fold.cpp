#include "services/node-registry/ingest/node_fold.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace lamda::registry {

namespace {

constexpr std::array<std::pair<NodeFact, std::string_view>, 4> kNames{
    {{NodeFact::kRegistered, "registered"},
     {NodeFact::kHeartbeat, "heartbeat"},
     {NodeFact::kJobCounted, "job_counted"},
     {NodeFact::kOwnershipTransferred, "ownership_transferred"}}};

}  // namespace

std::string_view to_string(NodeFact fact) {
    for (const auto& [known, name] : kNames) {
        if (known == fact) {
            return name;
        }
    }
    return "";
}

Result<NodeFact> parse_node_fact(std::string_view text) {
    for (const auto& [fact, name] : kNames) {
        if (name == text) {
            return fact;
        }
    }
    return Error{"invalid_fact", "unknown kind of fact: " + std::string(text), ""};
}

std::string body_json(const NodeEvent& event) {
    nlohmann::json out = nlohmann::json::object();
    switch (event.fact) {
        case NodeFact::kRegistered:
            out = {{"gpu_model", event.gpu_model}, {"vram", to_decimal(event.vram)}};
            break;
        case NodeFact::kHeartbeat:
            break;
        case NodeFact::kJobCounted:
            out = {{"new_count", to_decimal(event.new_count)}};
            break;
        case NodeFact::kOwnershipTransferred:
            out = {{"new_owner", event.new_owner.hex()}};
            break;
    }
    return out.dump();
}

Status read_body(std::string_view json, NodeEvent& event) {
    try {
        const auto object = nlohmann::json::parse(json);
        const auto number = [&](const char* name) {
            return u256_from_decimal(object.at(name).get<std::string>()).value();
        };
        switch (event.fact) {
            case NodeFact::kRegistered:
                event.gpu_model = object.at("gpu_model").get<std::string>();
                event.vram = number("vram");
                break;
            case NodeFact::kHeartbeat:
                break;
            case NodeFact::kJobCounted:
                event.new_count = number("new_count");
                break;
            case NodeFact::kOwnershipTransferred:
                event.new_owner = Address::parse(object.at("new_owner").get<std::string>()).value();
                break;
        }
        return Ok{};
    } catch (const std::exception& e) {
        return Error{"invalid_body", e.what(), ""};
    }
}

void apply_event(std::optional<NodeRow>& row, const NodeEvent& event) {
    if (!event.provider) {
        return;
    }
    if (!row) {
        row.emplace();
        row->provider = *event.provider;
        row->created_at = event.at;
        row->last_seen = event.at;
    }
    switch (event.fact) {
        case NodeFact::kRegistered:
            row->is_registered = true;
            row->gpu_model = event.gpu_model;
            row->vram = event.vram;
            row->last_seen = event.at;
            break;
        case NodeFact::kHeartbeat:
            row->last_seen = event.at;
            break;
        case NodeFact::kJobCounted:
            row->job_count = event.new_count;
            break;
        case NodeFact::kOwnershipTransferred:
            break;
    }
    row->updated_at = event.at;
}

std::optional<NodeRow> fold(std::span<const NodeEvent> journal) {
    std::optional<NodeRow> row;
    for (const auto& event : journal) {
        apply_event(row, event);
    }
    return row;
}

}  // namespace lamda::registry
