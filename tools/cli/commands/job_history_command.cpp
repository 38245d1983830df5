// `lamda job events`: a job's journal.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/ids.hpp"
#include "net/http_client.hpp"
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

}  // namespace

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
