// `lamda chain status`: position, lag, endpoints and audit of each stream.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/duration.hpp"
#include "terminal/table.hpp"
#include "terminal/units.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/output/printing.hpp"
#include "tools/cli/stores/stream_status.hpp"

namespace lamda::cli {
namespace {

using nlohmann::json;
using terminal::Kind;
using terminal::rough;
using terminal::Table;
using terminal::Tone;

/// Reads the present head of each chain whose setting is given. A failed read is a warning.
void read_heads(Context& context, std::vector<StreamState>& streams) {
    for (const auto& [chain, setting] :
         {std::pair(StreamKind::Chain::kBsc, "BSC_RPC_URL"), {StreamKind::Chain::kOpbnb, "OPBNB_RPC_URL"}}) {
        const auto urls = context.maybe_urls(setting);
        if (!urls) {
            continue;
        }
        try {
            const auto rpc = context.connect(*urls);
            const auto chain_id = rpc->chain_id();
            const auto head = rpc->header(eth::Tag::kLatest);
            for (auto& stream : streams) {
                const auto* kind = find_stream_kind(stream.stream);
                if (!head || !kind || kind->chain != chain) {
                    continue;
                }
                if (stream.chain_id.value_or(chain_id.value) != chain_id.value) {
                    warn(
                        fmt::format("{}: endpoint is on chain {}, stream {} on chain {}; use an endpoint of "
                                    "the stream's chain",
                                    setting, chain_id.value, stream.stream, *stream.chain_id));
                } else if (!stream.head || stream.head->number < head->number) {
                    stream.head = StreamState::Head{head->number, from_unix_seconds(head->timestamp)};
                }
            }
        } catch (const std::exception& error) {
            warn(fmt::format("{}: {}", setting, error.what()));
        }
    }
}

template <class T>
json maybe(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

json maybe(const std::optional<Timestamp>& at) {
    return at ? json(to_rfc3339(*at)) : json(nullptr);
}

json maybe(const std::optional<BlockNum>& block) {
    return block ? json(block->value) : json(nullptr);
}

json to_json(const EndpointState& endpoint) {
    return {{"endpoint", endpoint.name},
            {"state", endpoint.state},
            {"trouble", endpoint.last_error},
            {"head", maybe(endpoint.head)},
            {"head_told_at", maybe(endpoint.head_at)},
            {"max_range", endpoint.max_range == 0 ? json(nullptr) : json(endpoint.max_range)},
            {"mode", endpoint.answers_logs ? "logs" : "receipts"}};
}

json to_json(const StreamState& stream, const Verdict& verdict) {
    json out = {{"stream", stream.stream},
                {"ok", verdict.ok},
                {"state", verdict.text},
                {"chain_id", maybe(stream.chain_id)},
                {"head", nullptr},
                {"head_at", nullptr},
                {"processed", nullptr},
                {"processed_at", nullptr},
                {"boundary", stream.boundary.value},
                {"finalized", stream.finalized.value},
                {"lag_blocks", verdict.lag_blocks},
                {"lag_seconds", static_cast<double>(verdict.lag.count()) / 1'000},
                {"moved_at", to_rfc3339(stream.updated_at)},
                {"instance", maybe(stream.instance)},
                {"instance_since", maybe(stream.instance_since)},
                {"instance_active", stream.instance_active},
                {"last_reorg", nullptr},
                {"sweep", nullptr},
                {"endpoints", json::array()}};
    if (stream.head) {
        out["head"] = stream.head->number.value;
        out["head_at"] = to_rfc3339(stream.head->at);
    }
    if (stream.processed) {
        out["processed"] = stream.processed->number.value;
        out["processed_at"] = to_rfc3339(stream.processed->at);
    }
    if (stream.reorg) {
        out["last_reorg"] = {{"at", to_rfc3339(stream.reorg->at)}, {"from", stream.reorg->from.value},
                             {"to", stream.reorg->to.value},       {"depth", stream.reorg->depth},
                             {"deepest", stream.reorg->deepest},   {"total", stream.reorg->total}};
    }
    if (const auto& audit = stream.audit) {
        out["sweep"] = {{"since", maybe(audit->since)},         {"upto", maybe(audit->upto)},
                        {"swept_at", maybe(audit->audited_at)}, {"logs", audit->logs},
                        {"repaired", audit->repaired},          {"repaired_at", maybe(audit->repaired_at)},
                        {"unsettled", audit->unsettled},        {"trouble", audit->last_error}};
    }
    for (const auto& endpoint : stream.endpoints) {
        out["endpoints"].push_back(to_json(endpoint));
    }
    return out;
}

std::string number(const std::optional<BlockNum>& block) {
    return block ? std::to_string(block->value) : "-";
}

std::string instance_of(const StreamState& stream) {
    if (!stream.instance) {
        return "-";
    }
    return stream.instance_active ? *stream.instance : "none (last: " + *stream.instance + ")";
}

std::string reorg_of(const StreamState& stream, Timestamp now) {
    if (!stream.reorg) {
        return "-";
    }
    return fmt::format("{} ago, {} deep", rough(std::chrono::duration_cast<Millis>(now - stream.reorg->at)),
                       terminal::blocks(stream.reorg->depth));
}

/// A verdict is `ok` or a failure.
Tone verdict_tone(std::string_view text) {
    return text == "ok" ? Tone::kGood : Tone::kBad;
}

/// The states are those of rpcpool's endpoints, each possibly with its last error.
Tone endpoint_tone(std::string_view text) {
    return text.starts_with("good")       ? Tone::kGood
           : text.starts_with("resting")  ? Tone::kWaiting
           : text.starts_with("excluded") ? Tone::kBad
                                          : Tone::kPlain;
}

/// A count that is 0 as long as all is well.
Tone zero_tone(std::string_view text) {
    return text == "0" ? Tone::kPlain : Tone::kBad;
}

/// One row for each stream with an audit.
std::string audit_table(const StreamStates& states, const terminal::Screen& screen) {
    Table table({{"STREAM"},
                 {"AUDITED", Kind::kText, 0, 2},
                 {"REMAINING", Kind::kNumber},
                 {"LOGS", Kind::kNumber, 0, 1},
                 {"REPAIRED", Kind::kNumber, 0, 0, zero_tone},
                 {"UNSETTLED", Kind::kNumber, 0, 0, zero_tone},
                 {"LAST ERROR", Kind::kText, 1}});
    bool any = false;
    for (const auto& stream : states.streams) {
        const auto& audit = stream.audit;
        if (!audit || !audit->upto) {
            continue;
        }
        any = true;
        const auto left = stream.finalized.value - std::min(stream.finalized, *audit->upto).value;
        table.row({stream.stream, fmt::format("{} to {}", number(audit->since), number(audit->upto)),
                   terminal::blocks(left), std::to_string(audit->logs), std::to_string(audit->repaired),
                   std::to_string(audit->unsettled), audit->last_error.empty() ? "-" : audit->last_error});
    }
    return any ? "\n" + table.text(screen) : "";
}

std::string tables(const StreamStates& states, const std::vector<Verdict>& verdicts,
                   const terminal::Screen& screen) {
    Table streams({{"STREAM"},
                   {"CHAIN", Kind::kNumber, 0, 2},
                   {"HEAD", Kind::kNumber},
                   {"PROCESSED", Kind::kNumber},
                   {"BOUNDARY", Kind::kNumber, 0, 1},
                   {"FINALIZED", Kind::kNumber, 0, 3},
                   {"LAG", Kind::kText},
                   {"STATE", Kind::kText, 3, 0, verdict_tone},
                   {"INSTANCE", Kind::kText, 2, 5},
                   {"LAST REORG", Kind::kText, 1, 4}});
    Table endpoints({{"STREAM"},
                     {"ENDPOINT", Kind::kText, 2},
                     {"STATE", Kind::kText, 1, 0, endpoint_tone},
                     {"HEAD", Kind::kNumber},
                     {"UPDATED", Kind::kText},
                     {"RANGE", Kind::kNumber, 0, 2},
                     {"MODE", Kind::kText, 0, 1}});
    bool any = false;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        const auto& stream = states.streams[i];
        const auto at = [](const std::optional<StreamState::Head>& head) {
            return head ? std::optional(head->number) : std::nullopt;
        };
        streams.row({stream.stream, stream.chain_id ? std::to_string(*stream.chain_id) : "-",
                     number(at(stream.head)), number(at(stream.processed)), number(stream.boundary),
                     number(stream.finalized),
                     terminal::blocks(verdicts[i].lag_blocks) + ", " + rough(verdicts[i].lag),
                     verdicts[i].text, instance_of(stream), reorg_of(stream, states.now)});
        for (const auto& endpoint : stream.endpoints) {
            any = true;
            endpoints.row(
                {stream.stream, endpoint.name,
                 endpoint.last_error.empty() ? endpoint.state
                                             : endpoint.state + " (" + endpoint.last_error + ")",
                 number(endpoint.head),
                 endpoint.head_at
                     ? rough(std::chrono::duration_cast<Millis>(states.now - *endpoint.head_at)) + " ago"
                     : "-",
                 endpoint.max_range == 0 ? "-" : terminal::blocks(endpoint.max_range),
                 endpoint.answers_logs ? "logs" : "receipts"});
        }
    }
    return streams.text(screen) + (any ? "\n" + endpoints.text(screen) : "") + audit_table(states, screen);
}

}  // namespace

int chain_status(Context& context, const std::string& max_lag_text) {
    const Millis max_lag = argument(parse_duration(max_lag_text), "--max-lag");
    store::Database database(context.database_url(), "lamda chain status", 1);
    StreamStates states;
    try {
        states = read_streams(database);
    } catch (const std::exception& error) {
        throw CommandRefused(kExitUnread, error.what());
    }
    read_heads(context, states.streams);
    std::vector<Verdict> verdicts;
    bool ok = !states.streams.empty();
    auto all = json::array();
    for (const auto& stream : states.streams) {
        verdicts.push_back(judge(stream, states.now, max_lag));
        ok = ok && verdicts.back().ok;
        all.push_back(to_json(stream, verdicts.back()));
    }
    if (context.json()) {
        fmt::print("{}", json_line({{"ok", ok}, {"streams", all}}));
    } else if (states.streams.empty()) {
        fmt::print("no stream has run on this database yet; start the services first\n");
    } else {
        fmt::print("{}", tables(states, verdicts, context.screen()));
    }
    return ok ? 0 : 1;
}

}  // namespace lamda::cli
