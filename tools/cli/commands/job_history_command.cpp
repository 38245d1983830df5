// `lamda job events`, `lamda job logs`: a job's journal, and its container's output.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/ids.hpp"
#include "net/http_client.hpp"
#include "telemetry/shown_text.hpp"
#include "terminal/screen.hpp"
#include "terminal/table.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/gateway.hpp"
#include "tools/cli/output/fields.hpp"
#include "tools/cli/output/printing.hpp"

namespace lamda::cli {
namespace {

using nlohmann::json;

constexpr unsigned kPage = 500;

json read_events(Context& context, const JobId& id, unsigned limit) {
    auto out = json::array();
    std::string cursor;
    do {
        const auto rows = std::min<std::size_t>(kPage, limit - out.size());
        const auto page = json::parse(
            gateway_get(context, fmt::format("/api/jobs/{}/events?limit={}{}", id.hex(), rows,
                                             cursor.empty() ? "" : "&cursor=" + net::url_encode(cursor))));
        const auto& items = page.at("items");
        out.insert(out.end(), items.begin(), items.end());
        cursor = page.at("next_cursor").is_null() ? "" : page.at("next_cursor").get<std::string>();
    } while (!cursor.empty() && out.size() < limit);
    return out;
}

/// `assigned → running`; a single state if it stays.
std::string change_of(const json& event) {
    if (!event.at("no_effect_reason").is_null()) {
        return "-";
    }
    const auto kind = cell(event, "kind");
    if (kind == "created" || kind == "confirmed" || kind == "claimed") {
        return cell(event, "chain_state");
    }
    const auto before = cell(event, "work_state_before");
    const auto after = cell(event, "work_state");
    return before == after || before == "-" ? after : before + " → " + after;
}

/// Reason of the fact, and the reason why it had no effect.
std::string reason_of(const json& event) {
    const auto reason = cell(event, "reason");
    const auto no_effect = cell(event, "no_effect_reason");
    if (no_effect == "-") {
        return reason;
    }
    return "no effect: " + no_effect + (reason == "-" ? "" : " (" + reason + ")");
}

// ---- logs

/// Prints chunks, and remembers the place of the last one.
class LogPrinter {
  public:
    explicit LogPrinter(bool as_json) : as_json_(as_json) {}

    void print(const json& item) {
        const auto stream = cell(item, "stream");
        if (stream == "end") {
            ended_ = true;
        } else if (item.at("seq").is_number()) {
            after_ = fmt::format("{}.{}", item.at("attempt").get<std::uint64_t>(),
                                 item.at("seq").get<std::uint64_t>());
        }
        if (as_json_) {
            fmt::print("{}", json_line(item));
        } else if (stream == "cut") {
            warn(fmt::format("{} bytes of attempt {} were not kept", cell(item, "cut_bytes"),
                             cell(item, "attempt")));
        } else if (stream != "end") {
            const bool is_error = stream == "stderr";
            const auto data = item.at("data").get<std::string>();
            auto* file = is_error ? stderr : stdout;
            const bool shown = terminal::screen_of(is_error ? STDERR_FILENO : STDOUT_FILENO).is_terminal;
            fmt::print(file, "{}", shown ? telemetry::shown_lines(data) : data);
        }
        std::fflush(stdout);
    }
    bool ended() const { return ended_; }
    /// `&after=…`; empty before the first chunk.
    std::string after() const { return after_.empty() ? "" : "&after=" + after_; }

  private:
    bool as_json_;
    bool ended_ = false;
    std::string after_;
};

void print_pages(Context& context, const std::string& path, LogPrinter& printer) {
    std::string cursor;
    do {
        const auto page = json::parse(gateway_get(
            context, path + "&limit=1000" + (cursor.empty() ? "" : "&cursor=" + net::url_encode(cursor))));
        for (const auto& item : page.at("items")) {
            printer.print(item);
        }
        cursor = page.at("next_cursor").is_null() ? "" : page.at("next_cursor").get<std::string>();
    } while (!cursor.empty());
}

}  // namespace

int show_job_logs(Context& context, const std::string& text, const LogOptions& options) {
    const JobId id = argument(JobId::parse(text), "id");
    const std::string path = fmt::format("/api/jobs/{}/logs?follow={}{}{}", id.hex(), options.follow,
                                         options.attempt ? fmt::format("&attempt={}", *options.attempt) : "",
                                         options.stream.empty() ? "" : "&stream=" + options.stream);
    LogPrinter printer(context.json());
    if (!options.follow) {
        print_pages(context, path, printer);
        return 0;
    }
    while (true) {
        gateway_lines(context, path + printer.after(), [&](const std::string& line) {
            const auto item = json::parse(line, nullptr, false);
            if (item.is_object()) {
                printer.print(item);
            }
        });
        if (printer.ended()) {
            return 0;
        }
        std::this_thread::sleep_for(std::chrono::seconds(1));  // the answer was cut: continued
    }
}

int list_job_events(Context& context, const std::string& text, unsigned limit) {
    const JobId id = argument(JobId::parse(text), "id");
    const auto events = read_events(context, id, limit);
    if (context.json()) {
        fmt::print("{}", json_line(events));
        return 0;
    }
    using terminal::Kind;
    terminal::Table table({{"AT", Kind::kTime, 1},
                           {"KIND"},
                           {"ATTEMPT", Kind::kNumber},
                           {"STATE"},
                           {"BLOCK", Kind::kNumber, 0, 1},
                           {"REASON", Kind::kText, 2}});
    for (const auto& event : events) {
        table.row({cell(event, "at"), cell(event, "kind"), cell(event, "attempt"), change_of(event),
                   cell(event, "block"), reason_of(event)});
    }
    fmt::print("{}", table.text(context.screen()));
    return 0;
}

}  // namespace lamda::cli
