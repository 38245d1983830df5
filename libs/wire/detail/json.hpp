// A JSON value for the codecs of this library: strict parsing, canonical writing. Internal to wire.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/result.hpp"

namespace lamda::wire::detail {

/// 2^53 − 1: the largest integer that every JSON reader represents exactly (RFC 7493, section 2.2).
inline constexpr std::int64_t kMostExact = 9007199254740991;

class Json {
  public:
    struct Member;
    using Array = std::vector<Json>;
    /// Sorted by the UTF-16 code units of the keys, as RFC 8785 requires; keys are unique.
    using Object = std::vector<Member>;
    /// A number that is not an integer within ±kMostExact, in its original text.
    struct Inexact {
        std::string token;
    };
    using Content = std::variant<std::nullptr_t, bool, std::int64_t, Inexact, std::string, Array, Object>;

    // Defined where Member is complete: a vector of an incomplete type cannot be constructed or destroyed.
    Json();
    Json(std::nullptr_t);         // NOLINT(google-explicit-constructor)
    Json(const char* text);       // NOLINT(google-explicit-constructor)
    Json(std::string_view text);  // NOLINT(google-explicit-constructor)
    Json(std::string text);       // NOLINT(google-explicit-constructor)
    Json(Inexact number);         // NOLINT(google-explicit-constructor)
    Json(Array items);            // NOLINT(google-explicit-constructor)
    Json(Object members);         // NOLINT(google-explicit-constructor)
    template <std::same_as<bool> T>
    Json(T value);  // NOLINT(google-explicit-constructor)
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    Json(T value);  // NOLINT(google-explicit-constructor)
    template <class T>
    Json(const std::optional<T>& value);  // NOLINT(google-explicit-constructor)

    const Content& content() const { return content_; }
    bool is_null() const { return std::holds_alternative<std::nullptr_t>(content_); }
    template <class T>
    const T* as() const {
        return std::get_if<T>(&content_);
    }
    template <class T>
    T* as() {
        return std::get_if<T>(&content_);
    }
    /// The member's value; nullptr if absent, or if this is not an object.
    const Json* find(std::string_view key) const;
    /// Adds or replaces a member of an object.
    void set(std::string key, Json value);

    /// Text by RFC 8785; invalid UTF-8 is written as U+FFFD, inexact numbers in their original text.
    std::string text() const;

  private:
    Content content_;
};

struct Json::Member {
    std::string key;
    Json value;
};

template <std::same_as<bool> T>
Json::Json(T value) : content_(value) {}

template <std::integral T>
    requires(!std::same_as<T, bool>)
Json::Json(T value) {
    const bool exact = std::in_range<std::int64_t>(value) && std::cmp_less_equal(value, kMostExact) &&
                       std::cmp_greater_equal(value, -kMostExact);
    if (exact) {
        content_ = static_cast<std::int64_t>(value);
    } else {
        content_ = Inexact{std::to_string(value)};
    }
}

template <class T>
Json::Json(const std::optional<T>& value) {
    if (value) {
        *this = Json(*value);
    }
}

struct Limits {
    std::size_t bytes;     ///< size of the text
    std::size_t depth;     ///< nested containers; a scalar has depth 0
    bool inexact_allowed;  ///< accepts floats and integers beyond kMostExact
};

/// Parses UTF-8 JSON without duplicate keys. Errors: `invalid_json`, `duplicate_key`, `too_large`,
/// `too_deep`, `not_representable`; all except the first with the JSON pointer.
Result<Json> parse_json(std::string_view text, const Limits& limits);

/// Appends a reference token to a JSON pointer (RFC 6901).
std::string pointer_to(const std::string& parent, std::string_view key);

}  // namespace lamda::wire::detail
