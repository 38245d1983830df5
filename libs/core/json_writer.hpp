// JsonWriter: JSON text (RFC 8259), written value by value without a tree.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lamda {

/// Characters that are escaped in strings in addition to those of RFC 8785, section 3.2.2.2 (`"`, `\`, U+0000
/// … U+001F).
enum class JsonEscapes {
    kCanonical,  ///< no others
    kSteering    ///< those that control a terminal or reorder a line, as `\uXXXX`: for logs and answers
};

/// True for characters that control a terminal or reorder a line: C0 and C1 controls, DEL, U+2028, U+2029,
/// and the bidirectional controls of UAX #9.
bool steers_output(char32_t character);
/// Appends `text` without quotes, escaped. Each byte that is not UTF-8 becomes U+FFFD.
void append_json_escaped(std::string& out, std::string_view text, JsonEscapes escapes);
/// Appends `text` quoted and escaped.
void append_json_string(std::string& out, std::string_view text, JsonEscapes escapes);

/// Writes compact JSON in the order of the calls: a key before each member, an end for each begin. Sets the
/// commas; does not check the rest.
class JsonWriter {
  public:
    explicit JsonWriter(JsonEscapes escapes = JsonEscapes::kSteering) : escapes_(escapes) {}

    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return close('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return close(']'); }
    JsonWriter& key(std::string_view name);
    JsonWriter& text(std::string_view value);
    /// Appends null if the value is absent.
    template <std::convertible_to<std::string_view> T>
    JsonWriter& text_or_null(const std::optional<T>& value) {
        return value ? text(*value) : null();
    }
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    JsonWriter& number(T value) {
        return raw(std::to_string(value));
    }
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    JsonWriter& number_or_null(const std::optional<T>& value) {
        return value ? number(*value) : null();
    }
    JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
    JsonWriter& null() { return raw("null"); }
    /// Appends a value, several values of an array, or several members, that are JSON already; nothing if
    /// empty.
    JsonWriter& raw(std::string_view json);

    /// The text so far, which leaves the writer empty.
    std::string take() { return std::exchange(out_, {}); }

  private:
    void separate();
    JsonWriter& open(char bracket);
    JsonWriter& close(char bracket);

    JsonEscapes escapes_;
    std::string out_;
};

}  // namespace lamda
