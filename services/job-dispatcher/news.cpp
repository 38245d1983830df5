#include "news.hpp"

#include <nlohmann/json.hpp>

#include "wire/messages.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

constexpr std::chrono::minutes kSomebodyWaits{5};

}  // namespace

bool is_news(Timestamp at, Timestamp now) {
    return now - at < kSomebodyWaits;
}

void put_news(std::vector<pipeline::OutboxMessage>& out, const JobRow& row, const JobEvent& cause,
              ChainId chain, const std::string& mark) {
    const std::string status(wire::to_string(row.status()));
    wire::Event event;
    event.id = cause.id;
    event.kind = "job." + status;
    event.at = cause.at;
    event.chain_id = chain;
    if (cause.position) {
        event.block = cause.position->block;
        event.log_index = cause.position->log_index;
    }
    event.data_json = nlohmann::json{{"id", row.id.hex()},
                                     {"status", status},
                                     {"attempt", row.attempt},
                                     {"renter_address", row.renter.hex()},
                                     {"provider_address", row.provider.hex()}}
                          .dump();
    const std::string body = wire::to_json(event);
    for (const auto& subject : {wire::job_event_subject(row.id), std::string(wire::kGlobalEvents)}) {
        out.push_back({subject, wire::event_message_id(event.id, subject) + mark, body});
    }
}

void apply_with_news(std::optional<JobRow>& row, const JobEvent& entry, ChainId chain, Timestamp now,
                     std::vector<pipeline::OutboxMessage>& out) {
    const bool was_there = row.has_value();
    const auto before = was_there ? row->status() : wire::PublicStatus::kCreated;
    apply_event(row, entry);
    const bool visible = row && (!was_there || row->status() != before);
    if (visible && is_news(entry.at, now)) {
        put_news(out, *row, entry, chain);
    }
}

}  // namespace lamda::dispatch
