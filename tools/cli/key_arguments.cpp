// Arguments of `lamda key`.
#include <CLI/CLI.hpp>

#include "tools/cli/arguments.hpp"
#include "tools/cli/commands.hpp"

namespace lamda::cli {

void add_keys(CLI::App& app, Verb& verb) {
    auto* key = app.add_subcommand("key", "API keys of applications (OPERATOR_TOKEN, gateway)");
    key->require_subcommand(1);
    static KeyOptions options;
    auto* create = key->add_subcommand("create", "Make a key, which is shown once");
    create->add_option("--name", options.name, "the application, for lists; 1 to 100 bytes")->required();
    create
        ->add_option("--scope", options.scopes,
                     "repeatable: sessions:read (whose a session is), profiles:write (attributes of wallets)")
        ->required()
        ->allow_extra_args(false);
    create->add_option("--days", options.valid_days, "days until it expires")
        ->check(CLI::Range(1, 366))
        ->capture_default_str();
    create->callback([&verb] { verb = [](Context& context) { return create_key(context, options); }; });
    key->add_subcommand("list", "Keys of the operator and of wallets, newest first")->callback([&verb] {
        verb = list_keys;
    });
    static std::string id;
    auto* revoke = key->add_subcommand("revoke", "Revoke a key at once");
    revoke->add_option("id", id, "16 hex digits")->required();
    revoke->callback([&verb] { verb = [](Context& context) { return revoke_key(context, id); }; });
}

}  // namespace lamda::cli
