#include "tools/cli/output/log_entry.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"
#include "store/values.hpp"

namespace lamda::cli {
namespace {

using nlohmann::json;
namespace jm = contracts::job_manager;
namespace nr = contracts::node_reputation;

LogEntry at(const eth::Log& log, std::string kind, std::string subject, const json& body) {
    return {{log.block_num, log.block_hash},
            log.log_index,
            log.tx_hash,
            std::move(kind),
            std::move(subject),
            body.dump()};
}

struct Describe {
    const eth::Log& log;

    LogEntry operator()(const jm::JobCreated& event) const {
        return at(log, "created", event.job_id.hex(),
                  {{"renter", event.renter.hex()},
                   {"provider", event.provider.hex()},
                   {"amount", to_decimal(event.payment)}});
    }
    LogEntry operator()(const jm::JobConfirmed& event) const {
        return at(log, "confirmed", event.job_id.hex(), json::object());
    }
    LogEntry operator()(const jm::PaymentClaimed& event) const {
        return at(log, "claimed", event.job_id.hex(),
                  {{"provider", event.provider.hex()}, {"amount", to_decimal(event.amount)}});
    }
    LogEntry operator()(const nr::NodeRegistered& event) const {
        return at(log, "registered", event.provider.hex(),
                  {{"gpu_model", store::storable(event.gpu_model)}, {"vram", to_decimal(event.vram)}});
    }
    LogEntry operator()(const nr::NodeHeartbeat& event) const {
        return at(log, "heartbeat", event.provider.hex(), json::object());
    }
    LogEntry operator()(const nr::JobCountIncremented& event) const {
        return at(log, "job_counted", event.provider.hex(), {{"new_count", to_decimal(event.new_count)}});
    }
    LogEntry operator()(const nr::OwnershipTransferred& event) const {
        return at(log, "ownership_transferred", "", {{"new_owner", event.new_owner.hex()}});
    }
};

std::optional<LogEntry> of_job_manager(const eth::Log& log) {
    const auto event = jm::decode_event(log);
    return event ? std::optional(std::visit(Describe{log}, *event)) : std::nullopt;
}

std::optional<LogEntry> of_node_reputation(const eth::Log& log) {
    const auto event = nr::decode_event(log);
    return event ? std::optional(std::visit(Describe{log}, *event)) : std::nullopt;
}

}  // namespace

std::string canonical_body(std::string_view text) {
    return json::parse(text).dump();
}

const std::vector<StreamKind>& stream_kinds() {
    using Chain = StreamKind::Chain;
    static const std::vector<StreamKind> kinds{
        {"dispatcher:bsc", Chain::kBsc, jm::all_topics(), of_job_manager},
        {"registry:opbnb", Chain::kOpbnb, nr::all_topics(), of_node_reputation},
        // Reputation journals only these events.
        {"reputation:bsc", Chain::kBsc, {jm::JobConfirmed::topic()}, of_job_manager},
        {"reputation:opbnb", Chain::kOpbnb, {nr::JobCountIncremented::topic()}, of_node_reputation}};
    return kinds;
}

const StreamKind* find_stream_kind(std::string_view name) {
    const auto& kinds = stream_kinds();
    const auto found =
        std::find_if(kinds.begin(), kinds.end(), [&](const StreamKind& kind) { return kind.name == name; });
    return found == kinds.end() ? nullptr : &*found;
}

}  // namespace lamda::cli
