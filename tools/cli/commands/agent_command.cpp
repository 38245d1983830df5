// `lamda agent verify`: runs the conformance checks against an agent, prints each result.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "terminal/table.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/conformance/checks.hpp"
#include "tools/cli/output/printing.hpp"

namespace lamda::cli {
namespace {

using conformance::Outcome;
using nlohmann::json;

conformance::SessionConfig config_of(Context& context, const AgentVerifyOptions& options) {
    conformance::SessionConfig out;
    out.provider = argument(Address::parse(options.provider), "--provider");
    out.chain = ChainId{options.chain_id};
    out.job_manager = options.job_manager.empty()
                          ? context.job_manager()
                          : argument(Address::parse(options.job_manager), "--job-manager");
    out.image = options.image;
    out.patience = options.patience;
    out.restart_agent = options.restart_agent;
    out.restart_nats = options.restart_nats;
    return out;
}

std::set<std::string> names_of(const AgentVerifyOptions& options) {
    std::set<std::string> known;
    for (const auto& check : conformance::all_checks()) {
        known.insert(check.name);
    }
    for (const auto& name : options.only) {
        if (!known.contains(name)) {
            throw CommandRefused(kExitUsage, fmt::format("--only: unknown check \"{}\"; use {}", name,
                                                         fmt::join(known, ", ")));
        }
    }
    return {options.only.begin(), options.only.end()};
}

json to_json(const conformance::Result& result) {
    return {{"check", result.check->name},
            {"promise", result.check->promise},
            {"result", to_string(result.outcome)},
            {"detail", result.detail},
            {"section", std::string("docs/protocol.md: ") + result.check->section}};
}

void print(Context& context, const std::vector<conformance::Result>& results) {
    if (context.json()) {
        json rows = json::array();
        for (const auto& result : results) {
            rows.push_back(to_json(result));
        }
        fmt::print("{}", json_line(rows));
        return;
    }
    using terminal::Kind;
    terminal::Table table({{"CHECK"},
                           {"RESULT", Kind::kText, 0, 0, terminal::state_tone},
                           {"PROMISE", Kind::kText, 1, 1},
                           {"BROKEN", Kind::kText},
                           {"DOCS/PROTOCOL.MD", Kind::kText, 2, 2}});
    for (const auto& [check, outcome, detail] : results) {
        table.row({check->name, std::string(to_string(outcome)), check->promise, detail, check->section});
    }
    fmt::print("{}", table.text(context.screen()));
}

}  // namespace

int verify_agent(Context& context, const AgentVerifyOptions& options) {
    const auto only = names_of(options);
    conformance::Session session(options.nats_url, config_of(context, options), context.clock());
    const bool shows_progress = terminal::screen_of(2).is_terminal;
    const auto results = conformance::run_checks(session, only, [&](const conformance::Result& result) {
        if (shows_progress) {
            fmt::print(stderr, "{}: {}\n", result.check->name, to_string(result.outcome));
        }
    });
    print(context, results);
    return std::any_of(results.begin(), results.end(),
                       [](const auto& one) { return one.outcome == Outcome::kFailed; })
               ? 1
               : 0;
}

}  // namespace lamda::cli
