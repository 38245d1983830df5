// The argument --curl of each verb whose work is one request to the gateway.
#include <CLI/CLI.hpp>

#include "tools/cli/arguments.hpp"

namespace lamda::cli {

void add_curl(CLI::App& app, bool& curl) {
    constexpr std::pair<const char*, const char*> kVerbs[] = {
        {"job", "create"}, {"job", "show"},   {"job", "list"},     {"job", "events"},
        {"job", "logs"},   {"job", "cancel"}, {"receipt", "show"}, {"node", "show"},
        {"node", "list"},  {"key", "create"}, {"key", "list"},     {"key", "revoke"}};
    for (const auto& [group, name] : kVerbs) {
        auto* verb = app.get_subcommand(group)->get_subcommand(name);
        auto* flag =
            verb->add_flag("--curl", curl,
                           "only print the request to the gateway as a command line of curl; secrets are "
                           "$NAME there");
        // The request of `create` needs the provider's key then; and with --chain-only there is none.
        for (const char* other : {"--chain-only", "--secret"}) {
            if (auto* option = verb->get_option_no_throw(other)) {
                flag->excludes(option);
            }
        }
    }
}

}  // namespace lamda::cli
