// `lamda job`: creates, shows, lists, confirms and claims jobs.
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "contracts/job_manager.hpp"
#include "crypto/address_text.hpp"
#include "onchain/job_manager_reader.hpp"
#include "onchain/preflight.hpp"
#include "terminal/table.hpp"
#include "terminal/units.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/gateway.hpp"
#include "tools/cli/output/amount.hpp"
#include "tools/cli/output/fields.hpp"
#include "tools/cli/output/printing.hpp"
#include "tools/cli/paying.hpp"
#include "tools/cli/secrets.hpp"
#include "wire/job_spec.hpp"

namespace lamda::cli {
namespace {

using nlohmann::json;
namespace jm = contracts::job_manager;

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        throw CommandRefused(2, "--spec: cannot read " + path + ": " + std::strerror(errno));
    }
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

json spec_of(Context& context, const JobOptions& options) {
    json spec = json::object();
    if (!options.spec_file.empty()) {
        spec = json::parse(read_file(options.spec_file), nullptr, false);
        if (!spec.is_object()) {
            throw CommandRefused(2, "--spec: " + options.spec_file +
                                        " is not a JSON object; docs/protocol.md describes a job spec");
        }
    }
    const auto set = [&](const char* name, const json& value) {
        if (!spec.contains(name)) {
            spec[name] = value;
        }
    };
    set("renter", context.wallet().address().hex());
    if (!options.provider.empty()) {
        set("provider", options.provider);
    }
    if (!options.image.empty()) {
        set("dockerImage", options.image);
    }
    if (options.input_cid) {
        set("inputFileCID", *options.input_cid);
    }
    if (!options.command.empty()) {
        set("command", options.command);
    }
    if (!options.env.empty()) {
        set("env", options.env);
    }
    json requirements = spec.value("requirements", json::object());
    const auto require = [&](const char* name, const std::optional<std::uint32_t>& value) {
        if (value && !requirements.contains(name)) {
            requirements[name] = *value;
        }
    };
    require("cpuMillis", options.cpu_millis);
    require("memoryMib", options.memory_mib);
    require("diskMib", options.disk_mib);
    require("gpuCount", options.gpus);
    require("timeLimitSeconds", options.time_limit_seconds);
    if (options.network) {
        requirements["network"] = true;
    }
    if (options.read_only_root) {
        requirements["readOnlyRoot"] = true;
    }
    if (!requirements.empty()) {
        spec["requirements"] = requirements;
    }
    return spec;
}

json to_json(const std::optional<onchain::Occurrence>& occurrence) {
    if (!occurrence) {
        return nullptr;
    }
    return {{"at", to_rfc3339(occurrence->at)},
            {"transaction_hash", occurrence->tx.hex()},
            {"block", occurrence->block.number.value},
            {"block_hash", occurrence->block.hash.hex()}};
}

json to_json(const onchain::JobView& job) {
    return {{"id", job.id.hex()},
            {"chain_state", std::string(job.state())},
            {"renter_address", crypto::checksum_address(job.renter)},
            {"provider_address", crypto::checksum_address(job.provider)},
            {"payment_amount", to_decimal(job.payment)},
            {"created", to_json(job.created)},
            {"confirmed", to_json(job.confirmed)},
            {"paid", to_json(job.paid)}};
}

void print_object(Context& context, const json& object) {
    if (context.json()) {
        fmt::print("{}", json_line(object));
        return;
    }
    fmt::print("{}", terminal::listing(lines_of(object)));
}

std::string subject_of(const JobId& id) {
    return "job " + id.hex();
}

CommandRefused no_job(Context& context, const JobId& id) {
    return {1, "no job " + id.hex() + " on JobManager " + context.job_manager().hex() +
                   "; `lamda job list` shows the ids"};
}

onchain::JobRecord require_job(Context& context, const JobId& id) {
    onchain::require_contract(context.bsc(), context.job_manager(), "JobManager");
    auto record = onchain::job_record(context.bsc(), context.job_manager(), id);
    if (!record) {
        throw no_job(context, id);
    }
    return *record;
}

template <class Event>
int call_job(Context& context, const JobId& id, Bytes calldata, const std::string& done,
             const std::string& event) {
    onchain::TxRequest request;
    request.to = context.job_manager();
    request.data = std::move(calldata);
    request.subject = subject_of(id);
    const auto receipt = onchain::transact(context.bsc(), context.clock(), context.wallet(),
                                           context.bsc().chain_id(), request);
    require_logged(onchain::logged(receipt, context.job_manager(),
                                   [&](const eth::Log& log) {
                                       const auto found = Event::decode(log);
                                       return found && found->job_id == id.as<Bytes32>();
                                   }),
                   event, receipt, subject_of(id));
    print_object(context, {{"id", id.hex()},
                           {"done", done},
                           {"transaction_hash", receipt.tx_hash.hex()},
                           {"block", receipt.block.number.value}});
    return 0;
}

/// Returns a warning before a payment to `provider`; empty if the node is online.
std::string doubt_about(Context& context, const Address& provider) {
    try {
        const auto node = json::parse(gateway_get(context, "/api/nodes/" + provider.hex()));
        return node.value("is_online", false) ? "" : "The node " + provider.hex() + " is offline.";
    } catch (const std::exception&) {
        return "The state of the node " + provider.hex() + " is unknown: the gateway gave no answer.";
    }
}

/// Returns the gateway's spec after the check that it is the request, completed for this chain and contract.
/// @throws CommandRefused(1)
wire::JobSpec proven_spec(Context& context, const json& answer, const json& asked, const U256& payment,
                          ChainId chain) {
    const auto given = wire::parse_job_spec(answer.at("spec").dump());
    if (!given) {
        throw CommandRefused(
            1, "nothing was paid: the gateway's answer is not a job spec: " + given.error().message);
    }
    if (given->chain_id != chain) {
        throw CommandRefused(
            1, fmt::format("nothing was paid: the gateway's jobs are on chain {}, and BSC_RPC_URL is "
                           "on chain {}; use the gateway and the endpoint of one chain",
                           given->chain_id.value, chain.value));
    }
    if (given->job_manager != context.job_manager()) {
        throw CommandRefused(1, "nothing was paid: the gateway's jobs are of the contract " +
                                    given->job_manager.hex() + ", and JOB_MANAGER_CONTRACT_ADDRESS is " +
                                    context.job_manager().hex() + "; use the gateway of that contract");
    }
    const auto expected =
        wire::complete_job_spec(asked.dump(), {chain, context.job_manager(), payment, given->salt});
    if (!expected || !(*expected == *given) || answer.at("id") != wire::job_id_of(*given).hex()) {
        throw CommandRefused(1,
                             "nothing was paid: the gateway's spec differs from the requested one; "
                             "use a gateway that you trust (LAMDA_API_URL)");
    }
    return *given;
}

/// Checks renter, job on chain and balance before the payment. @throws CommandRefused(1)
void check_payment(Context& context, const JobId& id, const wire::JobSpec& spec, const U256& payment) {
    const Address wallet = context.wallet().address();
    if (spec.renter != wallet) {
        throw CommandRefused(1, "nothing was paid: the spec's renter is " + spec.renter.hex() +
                                    ", and the wallet is " + wallet.hex() +
                                    "; use the renter's key, or a spec without renter");
    }
    if (onchain::job_record(context.bsc(), context.job_manager(), id)) {
        throw CommandRefused(
            1, "nothing was paid: job " + id.hex() + " is already on the chain; `lamda job show` shows it");
    }
    const U256 balance = context.bsc().balance(wallet, eth::Tag::kLatest);
    if (balance < payment) {
        throw CommandRefused(
            1,
            fmt::format("nothing was paid: the wallet {} has {} and the payment is {}; fund the wallet, or "
                        "lower --payment",
                        wallet.hex(), terminal::bnb(balance), terminal::bnb(payment)));
    }
}

/// Returns the reason not to confirm; empty if the work is completed.
std::string doubt_about_result(Context& context, const JobId& id) {
    try {
        const auto job = json::parse(gateway_get(context, "/api/jobs/" + id.hex()));
        const auto state = cell(job, "status");
        const auto work = cell(job, "work_state");
        if (state == "completed" || work == "completed") {
            return "";
        }
        const auto why = cell(job, "error_message");
        return "the work is not completed (status " + state + (why == "-" ? "" : ": " + why) + ")";
    } catch (const std::exception& error) {
        return std::string("the state of the work is unknown: ") + error.what();
    }
}

}  // namespace

int create_job(Context& context, const JobOptions& options) {
    const U256 payment = argument(parse_amount(options.payment), "--payment");
    if (!options.provider.empty()) {
        (void)argument(crypto::parse_address(options.provider), "--provider");
    }
    json asked = spec_of(context, options);
    const auto submit = [&] {
        return gateway_post(context, "/api/jobs",
                            json({{"spec", asked}, {"payment_amount", to_decimal(payment)}}).dump());
    };
    if (context.curl()) {
        submit();
    }
    onchain::require_contract(context.bsc(), context.job_manager(), "JobManager");
    const ChainId chain = context.bsc().chain_id();
    if (!options.secrets.empty()) {
        asked = with_secrets(context, asked, options.secrets,
                             {chain, context.job_manager(), payment, random_bytes32()});
    }
    const json answer = json::parse(submit());
    const wire::JobSpec spec = proven_spec(context, answer, asked, payment, chain);
    const JobId id = wire::job_id_of(spec);
    check_payment(context, id, spec, payment);

    const std::string doubt = doubt_about(context, spec.provider);
    if (!doubt.empty()) {
        warn(doubt);
    }
    ask_on_terminal(
        fmt::format("Pay {} on chain {} for job {} to be run by {}.\n{}", terminal::bnb_and_wei(payment),
                    chain.value, id.hex(), crypto::checksum_address(spec.provider), kNoRefund),
        options.yes);

    jm::CreateJob call;
    call.job_id = id.as<Bytes32>();
    call.provider_address = spec.provider;
    onchain::TxRequest request;
    request.to = context.job_manager();
    request.data = call.encode();
    request.value = payment;
    request.subject = subject_of(id);
    const auto receipt = onchain::transact(context.bsc(), context.clock(), context.wallet(), chain, request);
    require_logged(onchain::logged(receipt, context.job_manager(),
                                   [&](const eth::Log& log) {
                                       const auto event = jm::JobCreated::decode(log);
                                       return event && event->job_id == call.job_id &&
                                              event->renter == spec.renter &&
                                              event->provider == spec.provider && event->payment == payment;
                                   }),
                   "JobCreated", receipt, subject_of(id));
    print_object(context, {{"id", id.hex()},
                           {"spec_cid", answer.at("spec_cid")},
                           {"payment_amount", to_decimal(payment)},
                           {"transaction_hash", receipt.tx_hash.hex()},
                           {"block", receipt.block.number.value}});
    return 0;
}

int show_job(Context& context, const std::string& text, bool chain_only) {
    const JobId id = argument(JobId::parse(text), "id");
    if (!chain_only) {
        print_object(context, json::parse(gateway_get(context, "/api/jobs/" + id.hex())));
        return 0;
    }
    const auto job = onchain::JobManagerReader(context.bsc(), context.job_manager()).job(id);
    if (!job) {
        throw no_job(context, id);
    }
    print_object(context, to_json(*job));
    return 0;
}

int list_jobs(Context& context, bool chain_only, const std::string& status, unsigned limit,
              std::optional<std::uint64_t> from_block) {
    auto jobs = json::array();
    if (chain_only) {
        for (const auto& job : onchain::JobManagerReader(context.bsc(), context.job_manager())
                                   .jobs(BlockNum{from_block.value_or(0)})) {
            if (status.empty() || status == job.state()) {
                jobs.push_back(to_json(job));
            }
        }
        while (jobs.size() > limit) {
            jobs.erase(jobs.begin());
        }
    } else {
        std::string path = "/api/jobs?limit=" + std::to_string(limit);
        if (!status.empty()) {
            path += "&status=" + net::url_encode(status);
        }
        jobs = json::parse(gateway_get(context, path)).at("items");
    }
    if (context.json()) {
        fmt::print("{}", json_line(jobs));
        return 0;
    }
    using terminal::Kind;
    terminal::Table table({{"JOB", Kind::kId, 5},
                           {"STATUS", Kind::kText, 0, 0, terminal::state_tone},
                           {"PROVIDER", Kind::kId, 1, 1},
                           {"PAYMENT", Kind::kAmount, 4},
                           {"CREATED", Kind::kTime, 2},
                           {"OUTPUT", Kind::kId, 3}});
    for (const auto& job : jobs) {
        const std::string created = chain_only && job.at("created").is_object()
                                        ? cell(job.at("created"), "at")
                                        : cell(job, "created_at");
        table.row({cell(job, "id"), cell(job, chain_only ? "chain_state" : "status"),
                   cell(job, "provider_address"), bnb_cell(job, "payment_amount"), created,
                   cell(job, "output_file_cid")});
    }
    fmt::print("{}", table.text(context.screen()));
    return 0;
}

int confirm_job(Context& context, const std::string& text, bool yes) {
    const JobId id = argument(JobId::parse(text), "id");
    const auto record = require_job(context, id);
    const Address wallet = context.wallet().address();
    if (wallet != record.renter && wallet != record.provider) {
        throw CommandRefused(1, subject_of(id) + " belongs to the renter " + record.renter.hex() +
                                    " and the provider " + record.provider.hex() + ", not to the wallet " +
                                    wallet.hex() + "; use the key of one of them");
    }
    if (record.confirmed) {
        throw CommandRefused(1, subject_of(id) + " is already confirmed; its provider may claim the reward");
    }
    const std::string doubt = doubt_about_result(context, id);
    if (!doubt.empty() && !yes) {
        throw CommandRefused(
            1, subject_of(id) + ": " + doubt +
                   ". A confirmation is final and pays the provider; use --yes to confirm anyway");
    }
    ask_on_terminal(fmt::format("Confirm job {}: pays {} to the provider. {}", id.hex(),
                                terminal::bnb_and_wei(record.payment), kNoRefund),
                    yes);
    jm::ConfirmResult call;
    call.job_id = id.as<Bytes32>();
    return call_job<jm::JobConfirmed>(context, id, call.encode(), "confirmed", "JobConfirmed");
}

int claim_job(Context& context, const std::string& text) {
    const JobId id = argument(JobId::parse(text), "id");
    const auto record = require_job(context, id);
    if (context.wallet().address() != record.provider) {
        throw CommandRefused(1, subject_of(id) + " belongs to the provider " + record.provider.hex() +
                                    ", not to the wallet " + context.wallet().address().hex() +
                                    "; use the provider's key");
    }
    if (!record.confirmed) {
        throw CommandRefused(1, subject_of(id) + " is not confirmed yet; run `lamda job confirm` first");
    }
    jm::ClaimReward call;
    call.job_id = id.as<Bytes32>();
    return call_job<jm::PaymentClaimed>(context, id, call.encode(), "claimed", "PaymentClaimed");
}

}  // namespace lamda::cli
