#include "wire/detail/json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace lamda::wire::detail {
namespace {

/// UTF-16 orders characters beyond the basic plane (surrogates, D800–DFFF) before U+E000–U+FFFF, UTF-8 after
/// them. At the first difference of two valid texts either both bytes are lead bytes or neither is, so
/// ranking lead bytes is sufficient.
unsigned utf16_rank(char c) {
    const unsigned byte = static_cast<unsigned char>(c);
    if (byte >= 0xf0) {
        return byte - 2;
    }
    return byte >= 0xee ? byte + 8 : byte;
}

bool utf16_less(std::string_view a, std::string_view b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                        [](char x, char y) { return utf16_rank(x) < utf16_rank(y); });
}

void sort_members(Json::Object& members) {
    std::sort(members.begin(), members.end(),
              [](const auto& a, const auto& b) { return utf16_less(a.key, b.key); });
}

/// Length of the valid UTF-8 sequence at the start (Unicode, table 3-7); 0 if it is invalid.
std::size_t sequence_length(std::string_view text) {
    const auto at = [&](std::size_t i) -> unsigned {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
    };
    const auto within = [](unsigned byte, unsigned low, unsigned high) {
        return byte >= low && byte <= high;
    };
    const auto tail = [&](std::size_t i) { return within(at(i), 0x80, 0xbf); };
    const unsigned lead = at(0);
    if (lead < 0x80) {
        return 1;
    }
    if (within(lead, 0xc2, 0xdf)) {
        return tail(1) ? 2 : 0;
    }
    if (within(lead, 0xe0, 0xef)) {
        const bool second = within(at(1), lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
        return second && tail(2) ? 3 : 0;
    }
    if (within(lead, 0xf0, 0xf4)) {
        const bool second = within(at(1), lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
        return second && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

void write_string(std::string& out, std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out.push_back('"');
    for (const char c : valid_utf8(text)) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += "\\u00";
                    out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
                    out.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
                } else {
                    out.push_back(c);
                }
        }
    }
    out.push_back('"');
}

void write(std::string& out, const Json& value) {
    if (value.is_null()) {
        out += "null";
    } else if (const auto* flag = value.as<bool>()) {
        out += *flag ? "true" : "false";
    } else if (const auto* integer = value.as<std::int64_t>()) {
        out += std::to_string(*integer);
    } else if (const auto* number = value.as<Json::Inexact>()) {
        out += number->token;
    } else if (const auto* text = value.as<std::string>()) {
        write_string(out, *text);
    } else if (const auto* items = value.as<Json::Array>()) {
        out.push_back('[');
        for (const auto& item : *items) {
            out += &item == items->data() ? "" : ",";
            write(out, item);
        }
        out.push_back(']');
    } else if (const auto* members = value.as<Json::Object>()) {
        out.push_back('{');
        for (const auto& member : *members) {
            out += &member == members->data() ? "" : ",";
            write_string(out, member.key);
            out.push_back(':');
            write(out, member.value);
        }
        out.push_back('}');
    }
}

/// Builds a Json from the events of nlohmann's parser (json_sax interface); stops at the first breach.
class Builder {
  public:
    explicit Builder(const Limits& limits) : limits_(limits) {}

    bool null() { return add(nullptr); }
    bool boolean(bool value) { return add(value); }
    bool number_integer(std::int64_t value) { return number(Json(value)); }
    bool number_unsigned(std::uint64_t value) { return number(Json(value)); }
    bool number_float(double, const std::string& token) { return number(Json::Inexact{token}); }
    bool string(std::string& value) { return add(std::move(value)); }
    bool binary(std::vector<std::uint8_t>&) { return false; }
    bool start_array(std::size_t) { return open(Json::Array{}); }
    bool start_object(std::size_t) { return open(Json::Object{}); }
    bool key(std::string& value) {
        open_.back()->as<Json::Object>()->push_back({std::move(value), nullptr});
        return true;
    }
    bool end_array() {
        open_.pop_back();
        return true;
    }
    bool end_object() {
        auto& members = *open_.back()->as<Json::Object>();
        sort_members(members);
        const auto twice = std::adjacent_find(members.begin(), members.end(),
                                              [](const auto& a, const auto& b) { return a.key == b.key; });
        if (twice != members.end()) {
            return fail("duplicate_key", "the key is given twice", pointer_to(pointer(), twice->key));
        }
        open_.pop_back();
        return true;
    }
    bool parse_error(std::size_t offset, const std::string&, const nlohmann::json::exception&) {
        // The parser's message repeats input; the offset is sufficient.
        return fail("invalid_json", "not JSON in UTF-8, at byte " + std::to_string(offset), "");
    }

    Result<Json> finish(bool complete) && {
        if (error_) {
            return *error_;
        }
        if (!complete) {
            return Error{"invalid_json", "not JSON", ""};
        }
        return std::move(root_);
    }

  private:
    bool fail(std::string code, std::string message, std::string where) {
        if (!error_) {
            error_ = Error{std::move(code), std::move(message), std::move(where)};
        }
        return false;
    }

    Json* place(Json value) {
        if (open_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        if (auto* items = open_.back()->as<Json::Array>()) {
            items->push_back(std::move(value));
            return &items->back();
        }
        auto& member = open_.back()->as<Json::Object>()->back();
        member.value = std::move(value);
        return &member.value;
    }

    bool add(Json value) {
        place(std::move(value));
        return true;
    }

    bool number(Json value) {
        const bool exact = value.as<std::int64_t>() != nullptr;
        place(std::move(value));
        if (!exact && !limits_.inexact_allowed) {
            return fail("not_representable", "numbers are integers between -(2^53 - 1) and 2^53 - 1 here",
                        here());
        }
        return true;
    }

    bool open(Json value) {
        Json* placed = place(std::move(value));
        if (open_.size() == limits_.depth) {
            return fail("too_deep",
                        "more than " + std::to_string(limits_.depth) + " levels of arrays and objects",
                        here());
        }
        open_.push_back(placed);
        return true;
    }

    /// Pointer to the innermost open container.
    std::string pointer() const {
        std::string out;
        for (std::size_t i = 0; i + 1 < open_.size(); ++i) {
            out = pointer_to(out, last_token(*open_[i]));
        }
        return out;
    }
    /// Pointer to the value placed last.
    std::string here() const { return open_.empty() ? "" : pointer_to(pointer(), last_token(*open_.back())); }
    static std::string last_token(const Json& container) {
        if (const auto* items = container.as<Json::Array>()) {
            return std::to_string(items->size() - 1);
        }
        return container.as<Json::Object>()->back().key;
    }

    Limits limits_;
    Json root_;
    /// From the root inwards. Only the last container grows, so pointers into the others stay valid.
    std::vector<Json*> open_;
    std::optional<Error> error_;
};

}  // namespace

Json::Json() = default;
Json::Json(std::nullptr_t) {}
Json::Json(const char* text) : content_(std::string(text)) {}
Json::Json(std::string_view text) : content_(std::string(text)) {}
Json::Json(std::string text) : content_(std::move(text)) {}
Json::Json(Inexact number) : content_(std::move(number)) {}
Json::Json(Array items) : content_(std::move(items)) {}
Json::Json(Object members) : content_(std::move(members)) {
    sort_members(std::get<Object>(content_));
}

const Json* Json::find(std::string_view key) const {
    if (const auto* members = as<Object>()) {
        for (const auto& member : *members) {
            if (member.key == key) {
                return &member.value;
            }
        }
    }
    return nullptr;
}

void Json::set(std::string key, Json value) {
    auto& members = std::get<Object>(content_);
    for (auto& member : members) {
        if (member.key == key) {
            member.value = std::move(value);
            return;
        }
    }
    members.push_back({std::move(key), std::move(value)});
    sort_members(members);
}

std::string Json::text() const {
    std::string out;
    write(out, *this);
    return out;
}

Result<Json> parse_json(std::string_view text, const Limits& limits) {
    if (text.size() > limits.bytes) {
        return Error{"too_large", "more than " + std::to_string(limits.bytes) + " bytes", ""};
    }
    Builder builder(limits);
    const bool complete = nlohmann::json::sax_parse(text, &builder);
    return std::move(builder).finish(complete);
}

std::string valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        out += length > 0 ? text.substr(0, length) : "\xef\xbf\xbd";
        text.remove_prefix(length > 0 ? length : 1);
    }
    return out;
}

std::string pointer_to(const std::string& parent, std::string_view key) {
    std::string out = parent + "/";
    for (const char c : key) {
        if (c == '~') {
            out += "~0";
        } else if (c == '/') {
            out += "~1";
        } else {
            out.push_back(c);
        }
    }
    return out;
}

}  // namespace lamda::wire::detail
