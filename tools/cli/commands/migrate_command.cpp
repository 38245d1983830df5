// `lamda migrate`: applies the migrations, or shows which are missing.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "store/migrations.hpp"
#include "terminal/table.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/output/printing.hpp"

namespace lamda::cli {

int migrate(Context& context, bool check) {
    store::Database database(context.database_url(), "lamda migrate", 1);
    const auto applied_now = check ? std::vector<int>() : store::migrate(database);
    const auto states = store::migration_state(database);
    bool current = true;
    terminal::Table table({{"MIGRATION"}, {"STATE", terminal::Kind::kText, 0, 0, terminal::state_tone}});
    auto json = nlohmann::json::array();
    for (const auto& state : states) {
        const bool fresh =
            std::find(applied_now.begin(), applied_now.end(), state.number) != applied_now.end();
        const std::string text = fresh ? "applied now" : state.applied ? "applied" : "missing";
        current = current && state.applied;
        table.row({state.name, text});
        json.push_back({{"number", state.number}, {"name", state.name}, {"state", text}});
    }
    fmt::print("{}", context.json() ? json_line(json) : table.text(context.screen()));
    return current ? 0 : 1;
}

}  // namespace lamda::cli
