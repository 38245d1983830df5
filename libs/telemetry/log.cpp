#include "telemetry/log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <cmath>

#include "core/clock.hpp"
#include "core/json_writer.hpp"

namespace lamda::telemetry {

namespace {

std::string_view name_of(Level level) {
    switch (level) {
        case Level::kDebug:
            return "debug";
        case Level::kInfo:
            return "info";
        case Level::kWarn:
            return "warn";
        case Level::kError:
            return "error";
    }
    return "error";
}

void append_member(JsonWriter& out, const Field& field) {
    out.key(field.key());
    if (field.quoted()) {
        out.text(field.text());
    } else {
        out.raw(field.text());
    }
}

/// Quotes a value that could be read as several values or as none.
void append_text(std::string& out, std::string_view text) {
    const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c > 0x20 && c < 0x7F && c != '"' && c != '=' && c != '\\';
    });
    if (plain) {
        out += text;
    } else {
        append_json_string(out, text, JsonEscapes::kSteering);
    }
}

void append_text(std::string& out, const Field& field) {
    out += ' ';
    append_text(out, field.key());
    out += '=';
    append_text(out, field.text());
}

}  // namespace

Result<Level> parse_level(std::string_view text) {
    for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarn, Level::kError}) {
        if (text == name_of(level)) {
            return level;
        }
    }
    return Error{"invalid_level", "the log level must be debug, info, warn or error", ""};
}

Field::Field(std::string_view key, double value)
    : key_(key), text_(fmt::format("{}", value)), quoted_(false) {
    // JSON has no form for infinity and NaN.
    if (!std::isfinite(value)) {
        quoted_ = true;
    }
}

struct Log::Sink {
    Sink(std::string service_name, Level least_level, Format line_format)
        : service(std::move(service_name)),
          least(least_level),
          format(line_format),
          logger(service, std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
        logger.set_pattern("%v");
        logger.set_level(spdlog::level::trace);
        logger.flush_on(spdlog::level::trace);
    }

    std::string service;
    Level least;
    Format format;
    /// Writes a line with its end to stderr (unbuffered) in one write, so that lines of several processes on
    /// one terminal do not mix.
    spdlog::logger logger;
};

Log::Log(std::string service, Level level, Format format)
    : sink_(std::make_shared<Sink>(std::move(service), level, format)) {}
Log::Log(std::shared_ptr<Sink> sink) : sink_(std::move(sink)) {}

Log Log::none() {
    return Log(nullptr);
}

Log Log::with(Fields fields) const {
    Log out = *this;
    JsonWriter members;
    members.raw(context_json_);
    for (const Field& field : fields) {
        append_member(members, field);
        append_text(out.context_text_, field);
    }
    out.context_json_ = members.take();
    return out;
}

void Log::debug(std::string_view message, Fields fields) const {
    write(Level::kDebug, message, fields);
}
void Log::info(std::string_view message, Fields fields) const {
    write(Level::kInfo, message, fields);
}
void Log::warn(std::string_view message, Fields fields) const {
    write(Level::kWarn, message, fields);
}
void Log::error(std::string_view message, Fields fields) const {
    write(Level::kError, message, fields);
}

void Log::write(Level level, std::string_view message, Fields fields) const {
    if (sink_ == nullptr || level < sink_->least) {
        return;
    }
    const std::string now = to_rfc3339(SystemClock().now());
    std::string line;
    if (sink_->format == Format::kJson) {
        JsonWriter out;
        out.begin_object().key("ts").text(now).key("level").text(name_of(level));
        out.key("service").text(sink_->service).key("msg").text(message).raw(context_json_);
        for (const Field& field : fields) {
            append_member(out, field);
        }
        line = out.end_object().take();
    } else {
        line = fmt::format("{} {:<5} {}: ", now, name_of(level), sink_->service);
        // Escaped: one event must not look like two.
        append_json_escaped(line, message, JsonEscapes::kSteering);
        line += context_text_;
        for (const Field& field : fields) {
            append_text(line, field);
        }
    }
    sink_->logger.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace lamda::telemetry
