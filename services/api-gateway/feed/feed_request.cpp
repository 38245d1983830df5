#include "services/api-gateway/feed/feed_request.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace lamda::gateway {

namespace {

using nlohmann::json;
using Errors = std::vector<problem::FieldError>;

/// Also the id of a client that has received none: browsers then send no header, other clients may send an
/// empty one.
std::optional<FeedPlace> parse_place(const std::string& text, const char* where, Errors& errors) {
    if (text.empty()) {
        return std::nullopt;
    }
    auto place = FeedPlace::parse(text);
    if (!place) {
        errors.push_back({where, "invalid_event_id", "must be the id of an event: <epoch>-<number>"});
    }
    return place;
}

void add_channel(const std::string& text, const std::string& where, std::vector<Channel>& channels,
                 Errors& errors) {
    const auto channel = Channel::parse(text);
    if (!channel) {
        errors.push_back({where, channel.error().code, channel.error().message});
        return;
    }
    const bool known = std::any_of(channels.begin(), channels.end(),
                                   [&](const Channel& each) { return each.key() == channel->key(); });
    if (!known) {
        channels.push_back(*channel);
    }
}

void check_number(const std::vector<Channel>& channels, const char* where, std::size_t most, Errors& errors) {
    if (channels.size() > most) {
        errors.push_back({where, "too_many", "at most " + std::to_string(most) + " channels"});
    }
}

void require_faultless(const Errors& errors) {
    if (!errors.empty()) {
        throw problem::Problem{400, "invalid_request", "", "the request is not usable: see errors", errors};
    }
}

/// A message is an object with an array: one with more levels is refused before it is parsed.
bool has_more_levels(const std::string& text) {
    return std::count_if(text.begin(), text.end(), [](char c) { return c == '[' || c == '{'; }) > 2;
}

}  // namespace

FeedRequest parse_feed_request(const http::Request& request, std::size_t most_channels) {
    FeedRequest out;
    Errors errors;
    for (const auto& [name, value] : request.query) {
        if (name == "after") {
            out.after = parse_place(value, "?after", errors);
        } else if (name == "channel") {
            add_channel(value, "?channel", out.channels, errors);
        } else {
            errors.push_back({"?" + name, "unknown_field", "unknown parameter; channel and after are known"});
        }
    }
    check_number(out.channels, "?channel", most_channels, errors);
    if (request.query.count("after") > 1) {
        errors.push_back({"?after", "repeated", "given more than once; give it once"});
    }
    const auto header = request.headers.find("last-event-id");
    if (header != request.headers.end() && !header->second.empty()) {
        out.after = parse_place(header->second, "Last-Event-ID", errors);
    }
    require_faultless(errors);
    if (out.channels.empty()) {
        out.channels.emplace_back();
    }
    return out;
}

WebSocketRequest parse_web_socket_request(const std::string& text, std::size_t most_channels) {
    const auto message = has_more_levels(text) ? json() : json::parse(text, nullptr, false);
    if (!message.is_object()) {
        throw problem::Problem{400, "invalid_json", "", "a message is an object with type and channels", {}};
    }
    WebSocketRequest out;
    Errors errors;
    bool has_type = false;
    for (const auto& [name, value] : message.items()) {
        if (name == "type") {
            has_type = value == "subscribe" || value == "unsubscribe";
            out.kind = value == "unsubscribe" ? WebSocketRequest::Kind::kUnsubscribe
                                              : WebSocketRequest::Kind::kSubscribe;
        } else if (name == "channels" && value.is_array()) {
            for (std::size_t i = 0; i < value.size(); ++i) {
                add_channel(value[i].is_string() ? value[i].get<std::string>() : "",
                            "/channels/" + std::to_string(i), out.channels, errors);
            }
        } else if (name == "after" && value.is_string()) {
            out.after = parse_place(value.get<std::string>(), "/after", errors);
        } else if (name != "channels" && !(name == "after" && value.is_null())) {
            errors.push_back(
                {"/" + name.substr(0, 40), "unknown_field", "type, channels and after are known"});
        }
    }
    if (!has_type) {
        errors.push_back({"/type", "invalid_type", "must be subscribe or unsubscribe"});
    }
    if (out.channels.empty() && errors.empty()) {
        errors.push_back({"/channels", "required", "must be an array of channels"});
    }
    check_number(out.channels, "/channels", most_channels, errors);
    require_faultless(errors);
    return out;
}

}  // namespace lamda::gateway
