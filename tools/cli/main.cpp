// lamda: parses the arguments, runs one verb, returns its exit status.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "runtime/app.hpp"
#include "runtime/core_dumps.hpp"
#include "tools/cli/arguments.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/output/printing.hpp"
#include "tools/cli/paying.hpp"

namespace {

using namespace lamda::cli;

// Read by Context on first use. Same format as the services' --help.
constexpr auto kSettings = R"(Settings, from the environment:
  DATABASE_URL                      (required)  PostgreSQL (migrate: the schema's owner; chain, tx, dlq, wallet, reputation)
  BSC_RPC_URL                       (required)  JSON-RPC endpoints of BSC
  OPBNB_RPC_URL                     (required)  JSON-RPC endpoints of opBNB
  RPC_TIMEOUT                       10s         of one call to an endpoint
  JOB_MANAGER_CONTRACT_ADDRESS      (required)  JobManager on BSC
  NODE_REPUTATION_CONTRACT_ADDRESS  (required)  NodeReputation on opBNB
  REPUTATION_FROM_BLOCK             (none)      BSC block; confirmations before it were counted by an earlier system
  LAMDA_API_URL                     (none)      the gateway; absent: http://127.0.0.1:<API_PORT>
  API_PORT                          8080        the gateway's port
  WALLET_PRIVATE_KEY                (none)      the key that pays, confirms, claims, cancels or registers
  ADMIN_WALLET_PRIVATE_KEY          (none)      the key that deploys and owns the contracts
  OPERATOR_TOKEN                    (none)      the operator's token (job cancel --operator, key)
A secret may be given as NAME_FILE instead: the first line of that file.)";

constexpr auto kExits =
    "Exit status: 0 done, 1 refused or failed, 2 wrong usage or not readable, 78 a setting is wrong.";

constexpr auto kOutput =
    "Output: on a terminal tables fit its width, and states have colours unless NO_COLOR is set; in a pipe "
    "every value is complete; --json is for programs.";

void add_migrate(CLI::App& app, Verb& verb) {
    static bool check = false;
    auto* migrate_verb =
        app.add_subcommand("migrate", "Bring the database's schema up to date (DATABASE_URL)");
    migrate_verb->add_flag("--check", check, "only show; exit status 1 if migrations are missing");
    migrate_verb->callback([&verb] { verb = [](Context& context) { return migrate(context, check); }; });
}

void add_deploy(CLI::App& app, Verb& verb) {
    static std::string only;
    auto* deploy_verb = app.add_subcommand(
        "deploy", "Deploy the contracts (ADMIN_WALLET_PRIVATE_KEY, BSC_RPC_URL, OPBNB_RPC_URL)");
    deploy_verb->add_option("--only", only, "job-manager or node-reputation")
        ->check(CLI::IsMember({"job-manager", "node-reputation"}));
    deploy_verb->callback([&verb] {
        verb = [](Context& context) {
            DeployOptions options;
            options.job_manager = only != "node-reputation";
            options.node_reputation = only != "job-manager";
            return deploy(context, options);
        };
    });
}

/// @throws CLI::ValidationError without the value: a secret may be there by mistake
void add_pairs(const char* option, const char* form, const std::vector<std::string>& pairs,
               std::map<std::string, std::string>& out) {
    for (const auto& pair : pairs) {
        const auto equals = pair.find('=');
        if (equals == std::string::npos) {
            throw CLI::ValidationError(option, std::string("wrong value; use ") + form);
        }
        out[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
}

void add_requirements(CLI::App& create, JobOptions& options) {
    create.add_option("--cpu-millis", options.cpu_millis, "thousandths of a core");
    create.add_option("--memory-mib", options.memory_mib, "MiB");
    create.add_option("--disk-mib", options.disk_mib, "MiB that the job may write, to /output and elsewhere");
    create.add_option("--gpus", options.gpus, "number of GPUs");
    create.add_flag("--network", options.network, "allow the container network access");
    create.add_flag("--read-only", options.read_only_root,
                    "make the container's root file system read-only, except /output and /tmp");
    create.add_option("--time-limit", options.time_limit_seconds, "seconds");
}

void add_jobs(CLI::App& app, Verb& verb) {
    auto* job = app.add_subcommand("job", "Jobs: create, show, list, events, logs, cancel, confirm, claim");
    job->require_subcommand(1);

    static JobOptions options;
    static std::vector<std::string> env;
    static std::vector<std::string> secrets;
    auto* create = job->add_subcommand(
        "create", "Register a spec with the gateway and pay for it on BSC (WALLET_PRIVATE_KEY)");
    create->add_option("--spec", options.spec_file,
                       "file with a spec, complete or partial (the options supply missing members)");
    create->add_option("--provider", options.provider, "address of the node to run the job");
    create->add_option("--image", options.image, "container image");
    create->add_option("--input", options.input_cid, "CID of the input file or directory");
    // One value each: the command follows.
    create->add_option("--env", env, "NAME=value, repeatable")->allow_extra_args(false);
    create
        ->add_option(
            "--secret", secrets,
            "NAME=file, repeatable: the file's content, sealed to the provider; /run/secrets/NAME in "
            "the container (- is standard input)")
        ->allow_extra_args(false);
    create->add_option("--payment", options.payment, "wei, or with a unit: 0.01ether, 5gwei")->required();
    create->add_flag("--yes", options.yes, "do not ask before paying (lamda asks only on a terminal)");
    create->footer(std::string(kNoRefund) + "\n" + kExits);
    add_requirements(*create, options);
    create->add_option("command", options.command, "command to run in the image, after --");
    create->callback([&verb] {
        add_pairs("--env", "NAME=value", env, options.env);
        add_pairs("--secret", "NAME=file", secrets, options.secrets);
        verb = [](Context& context) { return create_job(context, options); };
    });

    static std::string id;
    static bool chain_only = false;
    auto* show = job->add_subcommand("show", "One job");
    show->add_option("id", id, "0x and 64 hex digits")->required();
    show->add_flag("--chain-only", chain_only, "read only the chain (needs no database and no gateway)");
    show->callback([&verb] { verb = [](Context& context) { return show_job(context, id, chain_only); }; });

    static std::string status;
    static unsigned limit = 100;
    static std::optional<std::uint64_t> from_block;
    auto* list = job->add_subcommand("list", "The newest jobs");
    list->add_option("--status", status, "only jobs of this status");
    list->add_option("--limit", limit, "maximum number")->check(CLI::Range(1, 1000));
    list->add_flag("--chain-only", chain_only, "read only the chain");
    list->add_option("--from-block", from_block, "with --chain-only: first block to read");
    list->callback([&verb] {
        verb = [](Context& context) { return list_jobs(context, chain_only, status, limit, from_block); };
    });

    auto* confirm =
        job->add_subcommand("confirm", "Confirm the result, as renter or provider (WALLET_PRIVATE_KEY)");
    confirm->add_option("id", id, "0x and 64 hex digits")->required();
    static bool sure = false;
    confirm->add_flag("--yes", sure, "do not ask; also confirm failed or incomplete work");
    confirm->footer(std::string(kNoRefund) + "\n" + kExits);
    confirm->callback([&verb] { verb = [](Context& context) { return confirm_job(context, id, sure); }; });

    auto* claim = job->add_subcommand("claim", "Claim the reward, as provider (WALLET_PRIVATE_KEY)");
    claim->add_option("id", id, "0x and 64 hex digits")->required();
    claim->callback([&verb] { verb = [](Context& context) { return claim_job(context, id); }; });
}

void add_job_history(CLI::App& app, Verb& verb) {
    auto* job = app.get_subcommand("job");
    static std::string id;
    static unsigned limit = 1000;
    auto* events =
        job->add_subcommand("events", "The job's journal: each fact with its reason, oldest first");
    events->add_option("id", id, "0x and 64 hex digits")->required();
    events->add_option("--limit", limit, "maximum number")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    events->callback(
        [&verb] { verb = [](Context& context) { return list_job_events(context, id, limit); }; });

    static LogOptions options;
    auto* logs = job->add_subcommand("logs", "The output of the job's container, as far as it is kept");
    logs->add_option("id", id, "0x and 64 hex digits")->required();
    logs->add_flag("-f,--follow", options.follow, "continue until the job has ended");
    logs->add_option("--attempt", options.attempt, "only this attempt")->check(CLI::Range(1, 2'147'483'647));
    logs->add_option("--stream", options.stream, "only this one")->check(CLI::IsMember({"stdout", "stderr"}));
    logs->callback([&verb] { verb = [](Context& context) { return show_job_logs(context, id, options); }; });
}

void add_nodes(CLI::App& app, Verb& verb) {
    auto* node = app.add_subcommand("node", "Nodes: register, show, list");
    node->require_subcommand(1);

    static std::string gpu;
    static std::string vram;
    auto* reg = node->add_subcommand("register", "Register the wallet's node on opBNB (WALLET_PRIVATE_KEY)");
    reg->add_option("--gpu", gpu, "model")->required();
    reg->add_option("--vram", vram, "MiB")->required();
    static bool sure = false;
    reg->add_flag("--yes", sure, "do not ask (lamda asks only on a terminal)");
    reg->callback(
        [&verb] { verb = [](Context& context) { return register_node(context, gpu, vram, sure); }; });

    static std::string address;
    static bool chain_only = false;
    auto* show = node->add_subcommand("show", "One node");
    show->add_option("address", address, "0x and 40 hex digits")->required();
    show->add_flag("--chain-only", chain_only, "read only the chain");
    show->callback(
        [&verb] { verb = [](Context& context) { return show_node(context, address, chain_only); }; });

    static std::optional<std::uint64_t> from_block;
    auto* list = node->add_subcommand("list", "All nodes");
    list->add_flag("--chain-only", chain_only, "read only the chain");
    list->add_option("--from-block", from_block, "with --chain-only: first block to read");
    list->callback(
        [&verb] { verb = [](Context& context) { return list_nodes(context, chain_only, from_block); }; });
}

void add_chain(CLI::App& app, Verb& verb) {
    auto* chain =
        app.add_subcommand("chain", "The services' chain streams: status, and comparison with the chain");
    chain->require_subcommand(1);

    static std::string max_lag = "60s";
    auto* status = chain->add_subcommand("status",
                                         "Each stream: head, processed, lag, endpoints, last reorg "
                                         "(DATABASE_URL; *_RPC_URL for the present head)");
    status
        ->add_option("--max-lag", max_lag,
                     "exit status 1 if a stream is further behind, or has not been updated for longer")
        ->capture_default_str();
    status->footer(
        "Exit status: 0 all ok, 1 a stream lags or is stalled, 2 not readable, 78 a setting is wrong.");
    status->callback([&verb] { verb = [](Context& context) { return chain_status(context, max_lag); }; });

    static VerifyOptions options;
    auto* verify =
        chain->add_subcommand("verify", "Read blocks again and compare them with what the service recorded");
    verify
        ->add_option("--stream", options.stream,
                     "dispatcher:bsc, registry:opbnb, reputation:bsc or reputation:opbnb")
        ->required();
    verify->add_option("--from", options.from, "first block; not before the stream's start block")
        ->required();
    verify->add_option("--to", options.to, "last block; absent: the last processed final block");
    verify
        ->add_option("--rpc-url", options.rpc_urls,
                     "read from this endpoint, repeatable; absent: BSC_RPC_URL or OPBNB_RPC_URL")
        ->allow_extra_args(false);
    verify->add_flag("--receipts", options.by_receipts,
                     "read receipts and compare their root with the header, so that an endpoint "
                     "cannot hide a log (at most 50000 blocks)");
    verify->footer("Exit status: 0 equal, 1 different, 2 not readable, 78 a setting is wrong.");
    verify->callback([&verb] { verb = [](Context& context) { return verify_chain(context, options); }; });
}

void add_txs(CLI::App& app, Verb& verb) {
    auto* tx = app.add_subcommand(
        "tx", "The services' transactions: list, show, bump, cancel, retry (DATABASE_URL)");
    tx->require_subcommand(1);

    static TxListOptions options;
    auto* list = tx->add_subcommand("list", "The newest intents and their transactions");
    list->add_option("--state", options.state, "pending, parked, allocated, sent, mined, done or failed");
    list->add_option("--wallet", options.wallet, "address of the sending wallet");
    list->add_option("--limit", options.limit, "maximum number")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    list->callback([&verb] { verb = [](Context& context) { return list_txs(context, options); }; });

    static std::string key;
    const auto add = [&](const char* name, const char* what, int (*run)(Context&)) {
        auto* one = tx->add_subcommand(name, what);
        one->add_option("key", key, "a job's id (0x and 64 hex digits), or an intent's key (increment:0x…)")
            ->required();
        one->footer("Exit status: 0 done, 1 refused, 2 the database is not readable, 78 a setting is wrong.");
        one->callback([&verb, run] { verb = run; });
    };
    add("show", "One intent: every signed form, the reason for waiting, the paid fee",
        [](Context& context) { return show_tx(context, key); });
    add("bump", "Replace it now with a higher fee, up to the fee cap",
        [](Context& context) { return request_tx(context, key, "bump"); });
    add("cancel", "Replace it by an empty transfer at its nonce; only one of the two can be mined",
        [](Context& context) { return request_tx(context, key, "cancel"); });
    add("retry", "Retry a failed intent at a new nonce",
        [](Context& context) { return request_tx(context, key, "retry"); });
}

void add_wallets(CLI::App& app, Verb& verb) {
    auto* wallet = app.add_subcommand("wallet", "The wallets that the services send from");
    wallet->require_subcommand(1);
    wallet
        ->add_subcommand("show",
                         "Each wallet: balance, nonces, transactions in flight, paid today (DATABASE_URL; "
                         "OPBNB_RPC_URL for balance and the chain's nonces)")
        ->callback([&verb] { verb = [](Context& context) { return show_wallets(context); }; });
}

void add_reputation(CLI::App& app, Verb& verb) {
    auto* reputation = app.add_subcommand("reputation", "The increment ledger");
    reputation->require_subcommand(1);
    static bool sure = false;
    auto* rebuild = reputation->add_subcommand(
        "rebuild", "Delete it, so that lamda-reputation reads it from the chain again (DATABASE_URL)");
    rebuild->add_flag("--yes", sure, "do not ask");
    rebuild->footer(
        "Exit status: 0 done, 1 refused (an instance is active, or no yes), 2 the database is not readable.");
    rebuild->callback([&verb] { verb = [](Context& context) { return rebuild_reputation(context, sure); }; });
}

}  // namespace

int main(int argc, char** argv) {
    lamda::runtime::forbid_core_dumps();
    CLI::App app(
        "lamda: operate the Lamda compute market. Settings come from the environment (see env.example).");
    app.require_subcommand(1);
    app.fallthrough();
    bool json = false;
    app.add_flag("--json", json, "print JSON, for programs");
    std::vector<std::string> env_files;
    app.add_option("--env-file", env_files,
                   "also read settings from this file; precedence: the environment, then the last file")
        ->allow_extra_args(false);

    Verb verb;
    app.add_subcommand("version", "Print the version")->callback([&verb] {
        verb = [](Context& context) {
            fmt::print("{}\n",
                       context.json() ? "{\"version\":\"" LAMDA_VERSION "\"}" : "lamda " LAMDA_VERSION);
            return 0;
        };
    });
    add_migrate(app, verb);
    add_deploy(app, verb);
    add_jobs(app, verb);
    add_job_history(app, verb);
    add_job_cancel(app, verb);
    add_receipts(app, verb);
    add_nodes(app, verb);
    add_chain(app, verb);
    add_txs(app, verb);
    add_dead_letters(app, verb);
    add_wallets(app, verb);
    add_agents(app, verb);
    add_reputation(app, verb);
    add_nats(app, verb);
    add_keys(app, verb);
    bool curl = false;
    add_curl(app, curl);

    app.footer(std::string(kExits) + "\n" + kOutput + "\n" + kSettings);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& wanted) {
        return app.exit(wanted);
    } catch (const CLI::ParseError& wrong) {
        warn(std::string(wrong.what()) + " (--help shows how)");
        return kExitUsage;
    }
    auto file = lamda::runtime::read_env_files("lamda", env_files);
    if (!file) {
        return kExitConfig;
    }
    try {
        Context context(json, *std::move(file), curl);
        return verb(context);
    } catch (const RequestShown&) {
        return 0;
    } catch (const CommandRefused& refused) {
        warn(refused.what());
        return refused.status();
    } catch (const std::exception& error) {
        warn(error.what());
        return 1;
    }
}
