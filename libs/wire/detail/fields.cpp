#include "wire/detail/fields.hpp"

#include <algorithm>

#include "core/cid.hpp"

namespace lamda::wire::detail {
namespace {

constexpr std::size_t kMostMessage = 1U << 20;  // NATS' default limit
constexpr std::size_t kMostDepth = 32;

const Json kEmptyObject{Json::Object{}};

std::string bytes_wanted(std::size_t least, std::size_t most) {
    return std::to_string(least) + " to " + std::to_string(most) + " bytes are needed";
}

}  // namespace

bool is_variable_name(std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !name.empty() && name.size() <= 64 && letter(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
}

Fields::Fields(const Json& value, std::string pointer, std::optional<Error>& failure,
               std::vector<Error>* every)
    : value_(value), pointer_(std::move(pointer)), failure_(failure), every_(every) {
    if (value.as<Json::Object>() == nullptr) {
        note({"invalid_type", "an object is needed", pointer_});
    }
}

void Fields::note(Error error) {
    if (every_ != nullptr && std::none_of(every_->begin(), every_->end(),
                                          [&](const Error& known) { return known.where == error.where; })) {
        every_->push_back(error);
    }
    if (!failure_) {
        failure_ = std::move(error);
    }
}

void Fields::refuse(std::string code, std::string message, std::string_view key) {
    note({std::move(code), std::move(message), pointer_to(pointer_, key)});
}

void Fields::only(std::initializer_list<std::string_view> keys) {
    if (const auto* members = value_.as<Json::Object>()) {
        for (const auto& member : *members) {
            if (std::find(keys.begin(), keys.end(), member.key) == keys.end()) {
                refuse("unknown_field", "unknown field", member.key);
            }
        }
    }
}

void Fields::all(std::initializer_list<std::string_view> keys) {
    for (const auto key : keys) {
        required(key);
    }
}

bool Fields::has(std::string_view key) const {
    const Json* value = value_.find(key);
    return value != nullptr && !value->is_null();
}

const Json* Fields::required(std::string_view key) {
    const Json* value = value_.find(key);
    if (value == nullptr) {
        refuse("missing_field", "the field is required", key);
    }
    return value;
}

std::int64_t Fields::integer(std::string_view key, std::int64_t least, std::int64_t most) {
    const Json* value = required(key);
    if (value == nullptr) {
        return least;
    }
    const auto* number = value->as<std::int64_t>();
    if (number == nullptr && value->as<Json::Inexact>() == nullptr) {
        refuse("invalid_type", "an integer is needed", key);
        return least;
    }
    if (number == nullptr || *number < least || *number > most) {
        refuse("out_of_range",
               "an integer from " + std::to_string(least) + " to " + std::to_string(most) + " is needed",
               key);
        return least;
    }
    return *number;
}

std::uint32_t Fields::uint32(std::string_view key, std::uint32_t least, std::uint32_t most) {
    return static_cast<std::uint32_t>(integer(key, least, most));
}

std::uint64_t Fields::uint64(std::string_view key, std::uint64_t least) {
    return static_cast<std::uint64_t>(integer(key, static_cast<std::int64_t>(least), kMostExact));
}

bool Fields::boolean(std::string_view key) {
    const Json* value = required(key);
    if (value == nullptr) {
        return false;
    }
    const auto* flag = value->as<bool>();
    if (flag == nullptr) {
        refuse("invalid_type", "true or false is needed", key);
        return false;
    }
    return *flag;
}

std::string Fields::text(std::string_view key, std::size_t least_bytes, std::size_t most_bytes) {
    const Json* value = required(key);
    if (value == nullptr) {
        return {};
    }
    const auto* text = value->as<std::string>();
    if (text == nullptr) {
        refuse("invalid_type", "a string is needed", key);
        return {};
    }
    if (text->size() < least_bytes || text->size() > most_bytes) {
        refuse("out_of_range", bytes_wanted(least_bytes, most_bytes), key);
        return {};
    }
    return *text;
}

std::optional<std::string> Fields::optional_text(std::string_view key, std::size_t most_bytes) {
    if (!has(key)) {
        return std::nullopt;
    }
    return text(key, 0, most_bytes);
}

Error Fields::lowercase_wanted() {
    return {"not_lowercase", "hex digits must be lowercase here", ""};
}

Address Fields::lowercase_address(std::string_view key) {
    return lowercase_id<Address>(key);
}

Timestamp Fields::time(std::string_view key) {
    const std::string text = this->text(key, 1, 64);
    auto parsed = parse_rfc3339(text);
    if (!parsed || to_rfc3339(*parsed) != text) {
        refuse("invalid_time", "a UTC time like 2026-11-20T10:00:00.123Z is needed, with milliseconds", key);
        return {};
    }
    return *parsed;
}

void Fields::refuse_nul(const std::string& text, std::string_view key) {
    if (text.find('\0') != std::string::npos) {
        refuse("invalid_text", "the character U+0000 is not allowed", key);
    }
}

std::optional<std::string> Fields::optional_cid(std::string_view key) {
    auto text = optional_text(key, 128);
    if (text) {
        if (const auto cid = Cid::parse(*text); !cid) {
            refuse(cid.error().code, cid.error().message, key);
        }
    }
    return text;
}

std::size_t Fields::one_of(std::string_view key, std::initializer_list<std::string_view> names) {
    const std::string text = this->text(key, 0, 256);
    const auto* found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) {
        std::string wanted;
        for (const auto name : names) {
            wanted += (wanted.empty() ? "" : ", ") + std::string(name);
        }
        refuse("invalid_value", "one of these is needed: " + wanted, key);
        return 0;
    }
    return static_cast<std::size_t>(found - names.begin());
}

std::vector<std::string> Fields::texts(std::string_view key, std::size_t most, std::size_t most_bytes_each) {
    const Json* value = required(key);
    if (value == nullptr) {
        return {};
    }
    const auto* items = value->as<Json::Array>();
    if (items == nullptr) {
        refuse("invalid_type", "an array of strings is needed", key);
        return {};
    }
    if (items->size() > most) {
        refuse("out_of_range", "at most " + std::to_string(most) + " strings are allowed", key);
        return {};
    }
    Fields inside(*value, pointer_to(pointer_, key), failure_, every_, Unchecked{});
    std::vector<std::string> out;
    for (const auto& item : *items) {
        const auto* text = item.as<std::string>();
        if (text == nullptr || text->size() > most_bytes_each) {
            inside.refuse(text == nullptr ? "invalid_type" : "out_of_range",
                          "a string of at most " + std::to_string(most_bytes_each) + " bytes is needed",
                          std::to_string(out.size()));
            out.emplace_back();
            continue;
        }
        inside.refuse_nul(*text, std::to_string(out.size()));
        out.push_back(*text);
    }
    return out;
}

std::map<std::string, std::string> Fields::environment(std::string_view key, std::size_t most) {
    const Json& object = object_value(key);
    const auto& members = *object.as<Json::Object>();
    if (members.size() > most) {
        refuse("out_of_range", "at most " + std::to_string(most) + " variables are allowed", key);
        return {};
    }
    Fields inside(object, pointer_to(pointer_, key), failure_, every_);
    std::map<std::string, std::string> out;
    for (const auto& member : members) {
        if (!is_variable_name(member.key)) {
            inside.refuse("invalid_name", "a name is a letter or _, then at most 63 letters, digits or _",
                          member.key);
        }
        const std::string text = inside.text(member.key, 0, kMostMessage);
        inside.refuse_nul(text, member.key);
        out.emplace(member.key, text);
    }
    return out;
}

const Json& Fields::object_value(std::string_view key) {
    const Json* value = required(key);
    if (value == nullptr) {
        return kEmptyObject;
    }
    if (value->as<Json::Object>() == nullptr) {
        refuse("invalid_type", "an object is needed", key);
        return kEmptyObject;
    }
    return *value;
}

Fields Fields::object(std::string_view key) {
    return Fields(object_value(key), pointer_to(pointer_, key), failure_, every_);
}

Result<Json> parse_message(std::string_view text) {
    auto json = parse_json(text, {.bytes = kMostMessage, .depth = kMostDepth, .inexact_allowed = true});
    if (!json) {
        return json;
    }
    std::optional<Error> failure;
    Fields(*json, "", failure).integer("v", 1, 1);
    if (failure) {
        return *failure;
    }
    return json;
}

}  // namespace lamda::wire::detail
