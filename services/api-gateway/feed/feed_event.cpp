#include "services/api-gateway/feed/feed_event.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "core/json_writer.hpp"
#include "crypto/signer.hpp"
#include "http/web_socket.hpp"
#include "services/api-gateway/feed/channel.hpp"
#include "wire/messages.hpp"

namespace lamda::gateway {

namespace {

using nlohmann::ordered_json;

std::string_view text_of(ResetReason reason) {
    switch (reason) {
        case ResetReason::kOtherEpoch:
            return "other_epoch";
        case ResetReason::kTooOld:
            return "too_old";
        case ResetReason::kUnknownId:
            return "unknown_id";
    }
    return "";
}

std::string_view text_of(DropReason reason) {
    switch (reason) {
        case DropReason::kSlowReader:
            return "slow_reader";
        case DropReason::kOtherEpoch:
            return "other_epoch";
        case DropReason::kEventsMissed:
            return "events_missed";
    }
    return "";
}

FeedMessage message_with_reason(std::string_view type, std::string_view reason) {
    JsonWriter out;
    out.begin_object().key("type").text(type).key("reason").text(reason);
    return feed_message("", out.end_object().take());
}

/// Adds the key of the channel to which events with this address belong, and writes the address in EIP-55.
void take_address(ordered_json& data, const char* name, Channel::Kind kind, std::vector<std::string>& keys) {
    const auto at = data.find(name);
    if (at == data.end() || !at->is_string()) {
        return;
    }
    if (const auto address = Address::parse(at->get<std::string>())) {
        keys.push_back(Channel{kind, {}, *address}.key());
        *at = crypto::checksum_address(*address);
    }
}

std::vector<std::string> take_keys(ordered_json& data) {
    std::vector<std::string> out = {Channel{}.key()};
    take_address(data, "renter_address", Channel::Kind::kRenterJobs, out);
    take_address(data, "provider_address", Channel::Kind::kProviderJobs, out);
    take_address(data, "wallet_address", Channel::Kind::kNode, out);
    if (const auto id = data.find("id"); id != data.end() && id->is_string()) {
        if (const auto job = JobId::parse(id->get<std::string>())) {
            out.push_back(Channel{Channel::Kind::kJob, *job, {}}.key());
        }
    }
    return out;
}

void begin_event(JsonWriter& out, const FeedPlace& place, std::string_view kind) {
    out.begin_object().key("type").text("event").key("id").text(place.text()).key("epoch").text(place.epoch);
    out.key("kind").text(kind);
}

}  // namespace

std::string FeedPlace::text() const {
    return epoch + "-" + std::to_string(seq);
}

std::optional<FeedPlace> FeedPlace::parse(std::string_view text) {
    const auto dash = text.find('-');
    if (dash == std::string_view::npos || dash == 0 || dash > 32 || dash + 1 == text.size()) {
        return std::nullopt;
    }
    FeedPlace out{std::string(text.substr(0, dash)), 0};
    const auto digits = text.substr(dash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.seq);
    return error == std::errc() && end == digits.data() + digits.size() ? std::optional(out) : std::nullopt;
}

FeedMessage feed_message(const std::string& id, std::string_view json) {
    std::string bytes = id.empty() ? "data: " : "id: " + id + "\ndata: ";
    bytes.append(json).append("\n\n");
    return {std::make_shared<const std::string>(std::move(bytes)),
            std::make_shared<const std::string>(http::text_frame(json))};
}

FeedEvent feed_event(const FeedPlace& place, const std::string& body) {
    FeedEvent out;
    out.seq = place.seq;
    JsonWriter json;
    const auto event = wire::parse_event(body);
    auto data = event ? ordered_json::parse(event->data_json, nullptr, false) : ordered_json();
    if (!event || !data.is_object()) {
        out.keys = {Channel{}.key()};
        begin_event(json, place, "unknown");
    } else {
        out.keys = take_keys(data);
        begin_event(json, place, event->kind);
        json.key("at").text(to_rfc3339(event->at));
        json.key("chain_id")
            .number_or_null(event->chain_id ? std::optional(event->chain_id->value) : std::nullopt);
        json.key("block_number")
            .number_or_null(event->block ? std::optional(event->block->number.value) : std::nullopt);
        json.key("block_hash")
            .text_or_null(event->block ? std::optional(event->block->hash.hex()) : std::nullopt);
        json.key("log_index").number_or_null(event->log_index).key("data").raw(data.dump());
    }
    out.message = feed_message(place.text(), json.end_object().take());
    return out;
}

FeedMessage snapshot_message(const FeedPlace& place, const std::string& channel, std::string_view data,
                             bool last) {
    JsonWriter out;
    out.begin_object().key("type").text("snapshot").key("channel").text(channel);
    out.key("id").text_or_null(last ? std::optional(place.text()) : std::nullopt);
    out.key("epoch").text(place.epoch).key("data").raw(data);
    return feed_message(last ? place.text() : "", out.end_object().take());
}

FeedMessage reset_message(ResetReason reason) {
    return message_with_reason("reset", text_of(reason));
}

FeedMessage drop_message(DropReason reason) {
    return message_with_reason("dropped", text_of(reason));
}

}  // namespace lamda::gateway
