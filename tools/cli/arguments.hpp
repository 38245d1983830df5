// Arguments and help texts of verbs that are not in main.cpp.
#pragma once

#include <functional>

#include "tools/cli/context.hpp"

namespace CLI {
class App;
}

namespace lamda::cli {

/// The chosen verb; runs after all arguments are parsed.
using Verb = std::function<int(Context&)>;

/// After the subcommand `job` was added.
void add_job_cancel(CLI::App& app, Verb& verb);
void add_dead_letters(CLI::App& app, Verb& verb);
void add_receipts(CLI::App& app, Verb& verb);
void add_agents(CLI::App& app, Verb& verb);
void add_nats(CLI::App& app, Verb& verb);
void add_keys(CLI::App& app, Verb& verb);
/// After all verbs were added. @param curl set if the chosen verb is only shown, as a command line of curl
void add_curl(CLI::App& app, bool& curl);

}  // namespace lamda::cli
