// Arguments of `lamda dlq`.
#include <CLI/CLI.hpp>

#include "tools/cli/arguments.hpp"
#include "tools/cli/commands.hpp"

namespace lamda::cli {

void add_dead_letters(CLI::App& app, Verb& verb) {
    auto* dlq = app.add_subcommand(
        "dlq", "Messages that a service refused: list, show, redrive, drop (DATABASE_URL)");
    dlq->require_subcommand(1);

    static DlqOptions options;
    const auto add_filter = [&](CLI::App* command) {
        command->add_option("--owner", options.owner,
                            "the service that refused the message: dispatcher or registry");
        command->add_option("--subject", options.subject,
                            "substring of the subject, such as a provider's address");
        command->add_option("--reason", options.reason, "substring of the reason");
    };
    auto* list = dlq->add_subcommand("list", "The newest dead letters");
    add_filter(list);
    list->add_option("--limit", options.limit, "maximum number")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    list->callback([&verb] { verb = [](Context& context) { return list_dead_letters(context, options); }; });

    static std::uint64_t id = 0;
    auto* show = dlq->add_subcommand("show", "One dead letter with its body");
    show->add_option("id", id, "number in the list")->required();
    show->callback([&verb] { verb = [](Context& context) { return show_dead_letter(context, id); }; });

    const auto add_move = [&](const char* name, const char* what, int (*run)(Context&, const DlqOptions&)) {
        auto* one = dlq->add_subcommand(name, what);
        one->add_option("id", options.ids, "numbers in the list");
        one->add_flag("--all", options.all, "all that match --owner, --subject and --reason");
        one->add_flag("--yes", options.sure, "with --all: do not ask");
        add_filter(one);
        one->footer("Exit status: 0 done, 1 refused, 2 the database is not readable, 78 a setting is wrong.");
        one->callback([&verb, run] { verb = [run](Context& context) { return run(context, options); }; });
    };
    add_move("redrive", "Put statuses back on the bus; their service processes them again",
             redrive_dead_letters);
    add_move("drop", "Delete them", drop_dead_letters);
}

}  // namespace lamda::cli
