// Structured logging: a message and fields, as JSON lines or text on stderr.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/result.hpp"

namespace lamda::telemetry {

enum class Level { kDebug, kInfo, kWarn, kError };
enum class Format { kJson, kText };
/// `debug|info|warn|error`. Errors: `invalid_level`.
Result<Level> parse_level(std::string_view text);

/// One key and its value. JSON output keeps numbers and booleans.
class Field {
  public:
    template <class T>
        requires std::is_integral_v<T>
    Field(std::string_view key, T value) : key_(key), text_(std::to_string(value)), quoted_(false) {
        if constexpr (std::is_same_v<T, bool>) {
            text_ = value ? "true" : "false";
        }
    }
    Field(std::string_view key, double value);
    Field(std::string_view key, std::string_view value) : key_(key), text_(value), quoted_(true) {}
    Field(std::string_view key, const char* value) : Field(key, std::string_view(value)) {}
    Field(std::string_view key, const std::string& value) : Field(key, std::string_view(value)) {}
    std::string_view key() const { return key_; }
    const std::string& text() const { return text_; }
    bool quoted() const { return quoted_; }

  private:
    std::string key_;
    std::string text_;
    bool quoted_;
};
using Fields = std::initializer_list<Field>;

/// Thread-safe, cheap to copy; copies share the sink.
/// JSON line: {"ts":"<RFC 3339>","level":"info","service":"…","msg":"…",<fields>}
class Log {
  public:
    /// Writes to stderr.
    Log(std::string service, Level level, Format format);
    /// Discards all lines (tests, tools).
    static Log none();
    /// Returns a copy on the same sink that adds fields to every line.
    Log with(Fields fields) const;

    void debug(std::string_view message, Fields fields = {}) const;
    void info(std::string_view message, Fields fields = {}) const;
    void warn(std::string_view message, Fields fields = {}) const;
    void error(std::string_view message, Fields fields = {}) const;

  private:
    struct Sink;
    explicit Log(std::shared_ptr<Sink> sink);
    void write(Level level, std::string_view message, Fields fields) const;
    std::shared_ptr<Sink> sink_;
    std::string context_json_;
    std::string context_text_;
};

}  // namespace lamda::telemetry
