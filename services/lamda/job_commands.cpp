#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "commands.hpp"
#include "contracts/job_manager.hpp"
#include "gateway.hpp"
#include "onchain/market_view.hpp"
#include "onchain/transact.hpp"
#include "table.hpp"

namespace lamda::cli {
namespace {

using nlohmann::json;
namespace jm = contracts::job_manager;

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        throw Refused(2, "--spec: cannot read " + path);
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
            throw Refused(2, "--spec: not a JSON object: " + options.spec_file);
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

std::string cell(const json& row, const char* name) {
    const auto& value = row.value(name, json());
    return value.is_string() ? value.get<std::string>() : value.is_null() ? "-" : value.dump();
}

void print_object(Context& context, const json& object) {
    if (context.json()) {
        fmt::print("{}\n", object.dump());
        return;
    }
    std::vector<std::pair<std::string, std::string>> lines;
    for (const auto& [name, value] : object.items()) {
        if (value.is_object()) {
            for (const auto& [inner, inner_value] : value.items()) {
                lines.emplace_back(fmt::format("{}.{}", name, inner), cell(value, inner.c_str()));
            }
        } else {
            lines.emplace_back(name, cell(object, name.c_str()));
        }
    }
    fmt::print("{}", listing(lines));
}

int call_job(Context& context, const JobId& id, Bytes calldata, const std::string& done) {
    onchain::TxRequest request;
    request.to = context.job_manager();
    request.data = std::move(calldata);
    request.subject = "job " + id.hex();
    const auto receipt =
        onchain::transact(context.bsc(), context.wallet(), context.bsc().chain_id(), request);
    print_object(context, {{"id", id.hex()},
                           {"done", done},
                           {"transaction_hash", receipt.tx_hash.hex()},
                           {"block", receipt.block.number.value}});
    return 0;
}

}  // namespace

int create_job(Context& context, const JobOptions& options) {
    const U256 payment = argument(u256_from_decimal(options.payment), "--payment");
    const json answer = json::parse(gateway_post(
        context, "/api/jobs",
        json({{"spec", spec_of(context, options)}, {"payment_amount", options.payment}}).dump()));
    const JobId id = argument(JobId::parse(answer.at("id").get<std::string>()), "the gateway's id");

    jm::CreateJob call;
    call.job_id = id.as<Bytes32>();
    call.provider_address =
        argument(Address::parse(answer.at("spec").at("provider").get<std::string>()), "provider");
    onchain::TxRequest request;
    request.to = context.job_manager();
    request.data = call.encode();
    request.value = payment;
    request.subject = "job " + id.hex();
    const auto receipt =
        onchain::transact(context.bsc(), context.wallet(), context.bsc().chain_id(), request);
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
    const auto job = onchain::MarketView(context.bsc(), context.job_manager()).job(id);
    if (!job) {
        throw std::runtime_error("no job " + id.hex() + " on JobManager " + context.job_manager().hex());
    }
    print_object(context, to_json(*job));
    return 0;
}

int list_jobs(Context& context, bool chain_only, const std::string& status, unsigned limit,
              std::optional<std::uint64_t> from_block) {
    auto jobs = json::array();
    if (chain_only) {
        for (const auto& job : onchain::MarketView(context.bsc(), context.job_manager())
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
        fmt::print("{}\n", jobs.dump());
        return 0;
    }
    Table table({"JOB", "STATUS", "PROVIDER", "PAYMENT", "CREATED", "OUTPUT"});
    for (const auto& job : jobs) {
        const std::string created = chain_only && job.at("created").is_object()
                                        ? cell(job.at("created"), "at")
                                        : cell(job, "created_at");
        table.row({cell(job, "id"), cell(job, chain_only ? "chain_state" : "status"),
                   shortened(cell(job, "provider_address")), ether(cell(job, "payment_amount")), created,
                   cell(job, "output_file_cid")});
    }
    fmt::print("{}", table.text());
    return 0;
}

int confirm_job(Context& context, const std::string& text) {
    const JobId id = argument(JobId::parse(text), "id");
    jm::ConfirmResult call;
    call.job_id = id.as<Bytes32>();
    return call_job(context, id, call.encode(), "confirmed");
}

int claim_job(Context& context, const std::string& text) {
    const JobId id = argument(JobId::parse(text), "id");
    jm::ClaimReward call;
    call.job_id = id.as<Bytes32>();
    return call_job(context, id, call.encode(), "claimed");
}

}  // namespace lamda::cli
