// Arguments of `lamda agent` and `lamda nats`.
#include <CLI/CLI.hpp>

#include "tools/cli/arguments.hpp"
#include "tools/cli/commands.hpp"

namespace lamda::cli {

void add_agents(CLI::App& app, Verb& verb) {
    auto* agent = app.add_subcommand("agent", "Node agents");
    agent->require_subcommand(1);
    static AgentVerifyOptions options;
    auto* verify = agent->add_subcommand(
        "verify", "Play the dispatcher against an agent on a private NATS server, and report what it broke");
    verify->add_option("--provider", options.provider, "address of the agent's key")->required();
    verify->add_option("--nats", options.nats_url, "a server without a dispatcher; its streams are created")
        ->capture_default_str();
    verify->add_option("--chain-id", options.chain_id, "BSC chain id of the agent")->capture_default_str();
    verify->add_option("--job-manager", options.job_manager,
                       "the agent's JobManager; absent: JOB_MANAGER_CONTRACT_ADDRESS");
    verify
        ->add_option("--image", options.image, "an image that the agent can run, with true, false and sleep")
        ->capture_default_str();
    verify->add_option("--only", options.only, "name of a check, repeatable; those of the record always run")
        ->allow_extra_args(false);
    verify->add_option("--patience", options.patience, "factor of every time limit, for a slow machine")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    verify->add_option("--restart-agent", options.restart_agent,
                       "command that kills the agent and starts it");
    verify->add_option("--restart-nats", options.restart_nats, "command that restarts the NATS server");
    verify->footer("Exit status: 0 no check failed, 1 a check failed or the agent or NATS is not there.");
    verify->callback([&verb] { verb = [](Context& context) { return verify_agent(context, options); }; });
}

void add_nats(CLI::App& app, Verb& verb) {
    auto* nats =
        app.add_subcommand("nats", "A bus with logins by key: keys and rotation, access of providers");
    nats->require_subcommand(1);
    static std::string dir;
    auto* init = nats->add_subcommand(
        "init", "Write the operator's keys, the roles' credentials and nats-server's configuration");
    init->add_option("folder", dir, "new or empty")->required();
    init->callback([&verb] { verb = [](Context& context) { return nats_init(context, dir); }; });
    static bool finish = false;
    auto* rotate = nats->add_subcommand(
        "rotate", "Make new signing keys and logins of the roles; the present ones stay valid");
    rotate->add_option("folder", dir, "of lamda nats init, with offline.json and issuer.json")->required();
    rotate->add_flag("--finish", finish, "end the validity of the earlier signing keys and logins");
    rotate->callback([&verb] { verb = [](Context& context) { return nats_rotate(context, dir, finish); }; });

    static BusAccessOptions access;
    const auto add_order = [&](const char* name, const char* help, int (*run)(Context&)) {
        auto* order = nats->add_subcommand(name, help);
        order->add_option("address", access.provider, "the provider")->required();
        order
            ->add_option("--wait", access.wait_seconds, "seconds for a registry to send the order to the bus")
            ->check(CLI::Range(0, 3'600))
            ->capture_default_str();
        order->footer("Exit status: 0 the bus has the order, 1 it is recorded and waits for a registry.");
        order->callback([&verb, run] { verb = run; });
    };
    add_order("revoke",
              "Close a provider's connections, and refuse its credentials until it is allowed again",
              [](Context& context) { return order_bus_access(context, access, BusAccessOrder::kRevoke); });
    add_order("allow", "Give a revoked provider credentials again; earlier ones stay void",
              [](Context& context) { return order_bus_access(context, access, BusAccessOrder::kAllow); });
    nats->add_subcommand("access", "List the providers that have had credentials, and those revoked")
        ->callback([&verb] { verb = list_bus_access; });
}

}  // namespace lamda::cli
