#include "views/resources.hpp"

#include <fmt/format.h>

#include "core/json_writer.hpp"
#include "crypto/signer.hpp"
#include "wire/job_spec.hpp"

namespace lamda::views {

namespace {

// Rows are written without a tree: lists of thousands of them are the gateway's hot path.

void add_time(JsonWriter& out, std::string_view name, const std::optional<Timestamp>& value) {
    out.key(name).text_or_null(value ? std::optional(to_rfc3339(*value)) : std::nullopt);
}

std::string address_of(const store::Row& row, std::string_view column) {
    return crypto::checksum_address(row.get<Address>(column));
}

}  // namespace

const Resource kJobs = {
    "api.job",
    {"id",
     "renter_address",
     "provider_address",
     "docker_image",
     "input_file_cid",
     "output_file_cid",
     "payment_amount",
     "status",
     "created_at",
     "updated_at",
     "assigned_at",
     "completed_at",
     "failed_at",
     "error_message",
     "attempt",
     "chain_state",
     "work_state",
     "confirmations",
     "transaction_hash",
     "spec_cid",
     "block_num",
     "log_index"},
    {"docker_image", "input_file_cid", "output_file_cid", "error_message"},
    "true",
    {
        {"renter_address", "renter_address", "=", FieldType::kAddress, true},
        {"provider_address", "provider_address", "=", FieldType::kAddress, true},
        {"status", "status", "=", FieldType::kStatus, true},
        {"chain_state", "chain_state", "=", FieldType::kChainState},
        {"work_state", "work_state", "=", FieldType::kWorkState},
        {"docker_image", "docker_image", "=", FieldType::kText},
        {"input_file_cid", "input_file_cid", "=", FieldType::kText},
        {"output_file_cid", "output_file_cid", "=", FieldType::kText},
        {"transaction_hash", "transaction_hash", "=", FieldType::kBytes32},
        {"min_payment_amount", "payment_amount", ">=", FieldType::kAmount},
        {"max_payment_amount", "payment_amount", "<=", FieldType::kAmount},
        {"min_created_at", "created_at", ">=", FieldType::kTime},
        {"max_created_at", "created_at", "<=", FieldType::kTime},
        {"min_updated_at", "updated_at", ">=", FieldType::kTime},
        {"max_updated_at", "updated_at", "<=", FieldType::kTime},
    },
    // Newest first. Timestamps repeat on BSC; an orphaned and a canonical job may have the same position.
    {{"block_num", "bigint"}, {"log_index", "integer"}, {"id", "bytea"}},
    true,
    job_json};

const Resource kNodes = {
    "api.node",
    {"wallet_address", "gpu_model", "vram", "last_seen", "is_online", "total_jobs_completed",
     "reputation_score", "created_at", "updated_at", "is_registered"},
    {"gpu_model"},
    "is_registered",
    {
        {"wallet_address", "wallet_address", "=", FieldType::kAddress, true},
        {"gpu_model", "gpu_model", "=", FieldType::kText},
        {"is_online", "is_online", "=", FieldType::kBoolean},
        {"min_vram", "vram", ">=", FieldType::kAmount},
        {"max_vram", "vram", "<=", FieldType::kAmount},
        {"min_reputation_score", "reputation_score", ">=", FieldType::kAmount},
        {"max_reputation_score", "reputation_score", "<=", FieldType::kAmount},
        {"min_total_jobs_completed", "total_jobs_completed", ">=", FieldType::kAmount},
        {"max_total_jobs_completed", "total_jobs_completed", "<=", FieldType::kAmount},
        {"min_last_seen", "last_seen", ">=", FieldType::kTime},
        {"max_last_seen", "last_seen", "<=", FieldType::kTime},
        {"min_created_at", "created_at", ">=", FieldType::kTime},
        {"max_created_at", "created_at", "<=", FieldType::kTime},
    },
    {{"created_at", "timestamptz"}, {"wallet_address", "bytea"}},
    false,
    node_json};

const Resource kReputationTxs = {"api.reputation_tx",
                                 {"job_id", "state", "transaction_hash", "block", "reason", "block_num"},
                                 {"reason"},
                                 "true",
                                 {{"wallet_address", "wallet_address", "=", FieldType::kAddress, true}},
                                 // Order of api.job: by the block of the job's creation.
                                 {{"block_num", "bigint"}, {"job_id", "bytea"}},
                                 true,
                                 reputation_tx_json};

std::string number_json(const U256& value) {
    const std::string digits = to_decimal(value);
    return value < (U256(1) << 53) ? digits : "\"" + digits + "\"";
}

std::string node_json(const store::Row& row) {
    JsonWriter out;
    out.begin_object();
    out.key("wallet_address").text(address_of(row, "wallet_address"));
    out.key("gpu_model").text(row.get<std::string>("gpu_model"));
    out.key("vram").raw(number_json(row.get<U256>("vram")));
    add_time(out, "last_seen", row.maybe<Timestamp>("last_seen"));
    out.key("is_online").boolean(row.get<bool>("is_online"));
    out.key("total_jobs_completed").raw(number_json(row.get<U256>("total_jobs_completed")));
    out.key("reputation_score").raw(number_json(row.get<U256>("reputation_score")));
    add_time(out, "created_at", row.maybe<Timestamp>("created_at"));
    add_time(out, "updated_at", row.maybe<Timestamp>("updated_at"));
    return out.end_object().take();
}

std::string job_json(const store::Row& row) {
    const auto id = row.get<JobId>("id");
    JsonWriter out;
    out.begin_object();
    out.key("id").text(id.hex());
    out.key("renter_address").text(address_of(row, "renter_address"));
    out.key("provider_address").text(address_of(row, "provider_address"));
    out.key("docker_image").text_or_null(row.maybe<std::string>("docker_image"));
    out.key("input_file_cid").text_or_null(row.maybe<std::string>("input_file_cid"));
    out.key("output_file_cid").text_or_null(row.maybe<std::string>("output_file_cid"));
    out.key("payment_amount").text(to_decimal(row.get<U256>("payment_amount")));
    out.key("status").text(row.get<std::string>("status"));
    for (const std::string_view name :
         {"created_at", "updated_at", "assigned_at", "completed_at", "failed_at"}) {
        add_time(out, name, row.maybe<Timestamp>(name));
    }
    out.key("error_message").text_or_null(row.maybe<std::string>("error_message"));
    out.key("attempt").number(row.get<int>("attempt"));
    out.key("chain_state").text(row.get<std::string>("chain_state"));
    out.key("work_state").text_or_null(row.maybe<std::string>("work_state"));
    out.key("confirmations").number(row.get<std::int64_t>("confirmations"));
    out.key("transaction_hash").text(row.get<TxHash>("transaction_hash").hex());
    const auto cid = row.maybe<std::string>("spec_cid");
    out.key("spec_cid").text(cid ? *cid : wire::spec_cid(id).to_string());
    return out.end_object().take();
}

std::optional<std::string> submitted_json(const JobId& id, const store::Row& row) {
    const auto spec = wire::parse_job_spec(as_string(row.get<Bytes>("spec")));
    if (!spec) {
        return std::nullopt;
    }
    JsonWriter out;
    out.begin_object();
    out.key("id").text(id.hex());
    out.key("renter_address").text(crypto::checksum_address(spec->renter));
    out.key("provider_address").text(crypto::checksum_address(spec->provider));
    out.key("docker_image").text(spec->docker_image);
    out.key("input_file_cid").text_or_null(spec->input_file_cid);
    out.key("output_file_cid").null();
    // The payment is unknown before the block; this is the least that the provider accepts.
    out.key("payment_amount").text(to_decimal(spec->min_payment));
    out.key("status").text("submitted");
    out.key("created_at").null();
    add_time(out, "updated_at", row.maybe<Timestamp>("created_at"));
    for (const std::string_view name : {"assigned_at", "completed_at", "failed_at", "error_message"}) {
        out.key(name).null();
    }
    out.key("attempt").number(0);
    out.key("chain_state").text("absent");
    out.key("work_state").null();
    out.key("confirmations").number(0);
    out.key("transaction_hash").null();
    out.key("spec_cid").text(wire::spec_cid(id).to_string());
    return out.end_object().take();
}

std::string reputation_tx_json(const store::Row& row) {
    const auto hash = row.maybe<TxHash>("transaction_hash");
    const auto block = row.maybe<BlockNum>("block");
    JsonWriter out;
    out.begin_object();
    out.key("job_id").text(row.get<JobId>("job_id").hex());
    out.key("state").text(row.get<std::string>("state"));
    out.key("transaction_hash").text_or_null(hash ? std::optional(hash->hex()) : std::nullopt);
    out.key("block").raw(block ? std::to_string(block->value) : "null");
    out.key("reason").text_or_null(row.maybe<std::string>("reason"));
    return out.end_object().take();
}

}  // namespace lamda::views
