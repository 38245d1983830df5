// Arguments of `lamda job cancel`.
#include <CLI/CLI.hpp>

#include "tools/cli/arguments.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/paying.hpp"

namespace lamda::cli {

void add_job_cancel(CLI::App& app, Verb& verb) {
    static std::string id;
    static bool by_operator = false;
    static bool sure = false;
    auto* cancel = app.get_subcommand("job")->add_subcommand(
        "cancel",
        "End a job without a result, as its renter (WALLET_PRIVATE_KEY signs; nothing is sent to a chain)");
    cancel->add_option("id", id, "0x and 64 hex digits")->required();
    cancel->add_flag("--operator", by_operator, "as the operator, with OPERATOR_TOKEN");
    cancel->add_flag("--yes", sure, "do not ask (lamda asks only on a terminal)");
    cancel->footer(
        std::string(kNoRefund) +
        "\nExit status: 0 cancelled, also if it was before; 1 refused, with the reason; 2 wrong usage, "
        "78 a setting is wrong.");
    cancel->callback(
        [&verb] { verb = [](Context& context) { return cancel_job(context, id, by_operator, sure); }; });
}

}  // namespace lamda::cli
