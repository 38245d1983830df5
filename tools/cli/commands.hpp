// Verbs of `lamda`. Each prints on stdout and returns the exit status.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/cli/context.hpp"

namespace lamda::cli {

int migrate(Context& context, bool check);

struct DeployOptions {
    bool job_manager = true;
    bool node_reputation = true;
};
int deploy(Context& context, const DeployOptions& options);

struct JobOptions {
    std::string
        spec_file;  ///< JSON of a spec, complete or partial; its members take precedence over the options
    std::string provider;
    std::string image;
    std::optional<std::string> input_cid;
    std::vector<std::string> command;
    std::map<std::string, std::string> env;
    std::map<std::string, std::string> secrets;  ///< name to file; `-`: standard input
    std::string payment;                         ///< parse_amount
    bool yes = false;                            ///< do not ask for confirmation
    std::optional<std::uint32_t> cpu_millis;
    std::optional<std::uint32_t> memory_mib;
    std::optional<std::uint32_t> disk_mib;
    std::optional<std::uint32_t> gpus;
    bool network = false;
    bool read_only_root = false;
    std::optional<std::uint32_t> time_limit_seconds;
};
int create_job(Context& context, const JobOptions& options);
int show_job(Context& context, const std::string& id, bool chain_only);
int list_jobs(Context& context, bool chain_only, const std::string& status, unsigned limit,
              std::optional<std::uint64_t> from_block);
/// Prints the job's journal, oldest entry first. @param limit most entries
int list_job_events(Context& context, const std::string& id, unsigned limit);
struct LogOptions {
    bool follow = false;                   ///< continue until the job has ended
    std::optional<std::uint32_t> attempt;  ///< absent: all
    std::string stream;                    ///< stdout or stderr; empty: both
};
/// Prints the output of the job's container, stdout on stdout and stderr on stderr; as JSON all of it on
/// stdout, an object a line. Control characters are escaped on a terminal.
int show_job_logs(Context& context, const std::string& id, const LogOptions& options);
/// @param yes do not ask for confirmation; also confirms work that is not known to be completed
int confirm_job(Context& context, const std::string& id, bool yes);
/// Ends a job without a result, by the wallet's signature. Waits up to a minute for the finality of the job's
/// block. @param by_operator by OPERATOR_TOKEN instead  @param yes do not ask for confirmation
int cancel_job(Context& context, const std::string& id, bool by_operator, bool yes);
int claim_job(Context& context, const std::string& id);

/// Prints the document of GET /api/jobs/{id}/receipt, for verify_receipt().
int show_receipt(Context& context, const std::string& id);
struct ReceiptOptions {
    std::string file;         ///< `-`: standard input
    std::string spec_file;    ///< empty: not compared with a spec
    std::string provider;     ///< empty: the document's
    std::string job_manager;  ///< empty: the document's
    std::optional<std::uint64_t> chain_id;
};
/// Verifies a signed receipt offline. 0: valid. @throws CommandRefused(1) with the reason; (2): not readable
int verify_receipt(Context& context, const ReceiptOptions& options);

int register_node(Context& context, const std::string& gpu_model, const std::string& vram_mib, bool yes);
int show_node(Context& context, const std::string& address, bool chain_only);
int list_nodes(Context& context, bool chain_only, std::optional<std::uint64_t> from_block);

/// 0: every stream is up to date; 1: a stream lags or is stalled for longer than `max_lag` (`60s`).
int chain_status(Context& context, const std::string& max_lag);

struct VerifyOptions {
    std::string stream;
    std::uint64_t from = 0;
    std::optional<std::uint64_t> to;    ///< absent: the last processed final block
    std::vector<std::string> rpc_urls;  ///< empty: the setting of the stream's chain
    bool by_receipts = false;           ///< read receipts and compare their root with the header
};
/// Compares the journal of these blocks with the chain. 0: equal; 1: different.
int verify_chain(Context& context, const VerifyOptions& options);

struct TxListOptions {
    std::string state;   ///< empty: all
    std::string wallet;  ///< empty: all
    unsigned limit = 100;
};
int list_txs(Context& context, const TxListOptions& options);
/// @param key an intent's key, or a job id
int show_tx(Context& context, const std::string& key);
/// Records an operator request for the sender.
/// @param operator_request `bump`, `cancel` or `retry`. 1: refused, with the reason
int request_tx(Context& context, const std::string& key, const std::string& operator_request);

struct DlqOptions {
    std::vector<std::uint64_t> ids;
    bool all = false;     ///< instead of `ids`: all that match the filter below
    bool sure = false;    ///< with `all`: do not ask for confirmation
    std::string owner;    ///< empty: any
    std::string subject;  ///< substring
    std::string reason;   ///< substring
    unsigned limit = 100;
};
int list_dead_letters(Context& context, const DlqOptions& options);
int show_dead_letter(Context& context, std::uint64_t id);
/// 1: at least one was refused, with the reason
int redrive_dead_letters(Context& context, const DlqOptions& options);
int drop_dead_letters(Context& context, const DlqOptions& options);

int show_wallets(Context& context);

struct AgentVerifyOptions {
    std::string provider;
    std::string nats_url = "nats://127.0.0.1:4222";
    std::uint64_t chain_id = 97;
    std::string job_manager;  ///< empty: JOB_MANAGER_CONTRACT_ADDRESS
    std::string image = "lamda/busybox:1.35";
    std::vector<std::string> only;  ///< names of checks; empty: all
    unsigned patience = 1;          ///< factor of every upper bound
    std::string restart_agent;      ///< shell commands; empty: the check is skipped
    std::string restart_nats;
};
/// Plays the dispatcher against an agent on a private NATS server. 0: no check failed; 1: a check failed.
int verify_agent(Context& context, const AgentVerifyOptions& options);
/// Writes keys, credentials and the configuration of nats-server. 1: a file exists already
int nats_init(Context& context, const std::string& dir);
/// Makes new signing keys in the folder of nats_init(). @param finish ends the validity of the earlier ones
/// instead
int nats_rotate(Context& context, const std::string& dir, bool finish);

struct BusAccessOptions {
    std::string provider;
    unsigned wait_seconds = 20;  ///< for the registry to carry the order out
};
enum class BusAccessOrder { kRevoke, kAllow };
/// Records the order and waits until a registry has sent it to the bus. 1: it has not in time
int order_bus_access(Context& context, const BusAccessOptions& options, BusAccessOrder order);
/// Lists the providers that have had credentials of the bus, or were revoked.
int list_bus_access(Context& context);

struct KeyOptions {
    std::string name;
    std::vector<std::string> scopes;
    unsigned valid_days = 90;
};
/// Makes an API key of the gateway, and prints it. Needs OPERATOR_TOKEN, like the next two.
int create_key(Context& context, const KeyOptions& options);
int list_keys(Context& context);
/// @param id 16 hex digits
int revoke_key(Context& context, const std::string& id);

/// Deletes the increment ledger; lamda-reputation then reads it from the chain again.
/// @param sure do not ask for confirmation. 1: refused, an instance of reputation is active
int rebuild_reputation(Context& context, bool sure);

}  // namespace lamda::cli
