// A JSON value as the codecs of this library read and write it: strict on the way in, canonical on the way
// out. Internal to wire.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.hpp"

namespace lamda::wire::detail {

/// 2^53 − 1: the largest integer that every JSON reader keeps exactly (RFC 7493, section 2.2).
inline constexpr std::int64_t kMostExact = 9007199254740991;

class Json {
  public:
    struct Member;
    using Array = std::vector<Json>;
    /// Sorted by the UTF-16 code units of the keys, as RFC 8785 wants them; keys are unique.
    using Object = std::vector<Member>;
    /// A number that is no integer within ±kMostExact, as it was written.
    struct Inexact {
        std::string token;
    };
    using Content = std::variant<std::nullptr_t, bool, std::int64_t, Inexact, std::string, Array, Object>;

    Json() = default;
    Json(std::nullptr_t) {}                                       // NOLINT(google-explicit-constructor)
    Json(std::same_as<bool> auto value) : content_(value) {}      // NOLINT(google-explicit-constructor)
    Json(const char* text) : content_(std::string(text)) {}       // NOLINT(google-explicit-constructor)
    Json(std::string_view text) : content_(std::string(text)) {}  // NOLINT(google-explicit-constructor)
    Json(std::string text) : content_(std::move(text)) {}         // NOLINT(google-explicit-constructor)
    Json(Inexact number) : content_(std::move(number)) {}         // NOLINT(google-explicit-constructor)
    Json(Array items) : content_(std::move(items)) {}             // NOLINT(google-explicit-constructor)
    Json(Object members);                                         // NOLINT(google-explicit-constructor)
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    Json(T value) : content_(from_integer(value)) {}  // NOLINT(google-explicit-constructor)
    template <class T>
    Json(const std::optional<T>& value) {  // NOLINT(google-explicit-constructor)
        if (value) {
            *this = Json(*value);
        }
    }

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
    /// The member's value; nullptr when there is none, or when this is no object.
    const Json* find(std::string_view key) const;
    /// Adds or replaces a member of an object.
    void set(std::string key, Json value);

    /// RFC 8785; bytes that are not UTF-8 come out as U+FFFD, inexact numbers as they were written.
    std::string text() const;

  private:
    template <std::integral T>
    static Content from_integer(T value) {
        if (std::in_range<std::int64_t>(value) && static_cast<std::int64_t>(value) <= kMostExact &&
            static_cast<std::int64_t>(value) >= -kMostExact) {
            return static_cast<std::int64_t>(value);
        }
        return Inexact{std::to_string(value)};
    }
    Content content_;
};

struct Json::Member {
    std::string key;
    Json value;
};

struct Limits {
    std::size_t bytes;     ///< of the text
    std::size_t depth;     ///< containers within one another; a scalar alone has depth 0
    bool inexact_allowed;  ///< floats and integers beyond kMostExact
};

/// UTF-8 JSON without duplicate keys. Errors: `invalid_json`, `duplicate_key`, `too_large`, `too_deep`,
/// `not_representable`, each but the first with the pointer of the place.
Result<Json> parse_json(std::string_view text, const Limits& limits);

/// The same text with each byte that is not part of valid UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

/// One more reference token of a JSON pointer (RFC 6901).
std::string pointer_to(const std::string& parent, std::string_view key);

}  // namespace lamda::wire::detail
