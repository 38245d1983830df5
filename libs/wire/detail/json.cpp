#include "wire/detail/json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/json_writer.hpp"

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

void write(JsonWriter& out, const Json& value) {
    if (value.is_null()) {
        out.null();
    } else if (const auto* flag = value.as<bool>()) {
        out.boolean(*flag);
    } else if (const auto* integer = value.as<std::int64_t>()) {
        out.number(*integer);
    } else if (const auto* number = value.as<Json::Inexact>()) {
        out.raw(number->token);
    } else if (const auto* text = value.as<std::string>()) {
        out.text(*text);
    } else if (const auto* items = value.as<Json::Array>()) {
        out.begin_array();
        for (const auto& item : *items) {
            write(out, item);
        }
        out.end_array();
    } else if (const auto* members = value.as<Json::Object>()) {
        out.begin_object();
        for (const auto& member : *members) {
            out.key(member.key);
            write(out, member.value);
        }
        out.end_object();
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
    JsonWriter out(JsonEscapes::kCanonical);
    write(out, *this);
    return out.take();
}

Result<Json> parse_json(std::string_view text, const Limits& limits) {
    if (text.size() > limits.bytes) {
        return Error{"too_large", "more than " + std::to_string(limits.bytes) + " bytes", ""};
    }
    Builder builder(limits);
    const bool complete = nlohmann::json::sax_parse(text, &builder);
    return std::move(builder).finish(complete);
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
