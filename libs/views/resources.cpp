#include "views/resources.hpp"

#include <fmt/format.h>

#include "crypto/signer.hpp"
#include "telemetry/json_text.hpp"
#include "wire/job_spec.hpp"

namespace lamda::views {

namespace {

/// Writes a JSON object member by member: lists of thousands of rows are the gateway's hot path.
class ObjectWriter {
  public:
    void raw(std::string_view name, std::string_view json) {
        out_ += out_.size() > 1 ? ",\"" : "\"";
        out_ += name;
        out_ += "\":";
        out_ += json;
    }
    void text(std::string_view name, std::string_view value) { raw(name, telemetry::json_string(value)); }
    void maybe_text(std::string_view name, const std::optional<std::string>& value) {
        raw(name, value ? telemetry::json_string(*value) : "null");
    }
    void time(std::string_view name, const std::optional<Timestamp>& value) {
        raw(name, value ? "\"" + to_rfc3339(*value) + "\"" : "null");
    }
    std::string finish() { return std::move(out_) + "}"; }

  private:
    std::string out_ = "{";
};

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
    ObjectWriter out;
    out.text("wallet_address", address_of(row, "wallet_address"));
    out.text("gpu_model", row.get<std::string>("gpu_model"));
    out.raw("vram", number_json(row.get<U256>("vram")));
    out.time("last_seen", row.maybe<Timestamp>("last_seen"));
    out.raw("is_online", row.get<bool>("is_online") ? "true" : "false");
    out.raw("total_jobs_completed", number_json(row.get<U256>("total_jobs_completed")));
    out.raw("reputation_score", number_json(row.get<U256>("reputation_score")));
    out.time("created_at", row.maybe<Timestamp>("created_at"));
    out.time("updated_at", row.maybe<Timestamp>("updated_at"));
    return out.finish();
}

std::string job_json(const store::Row& row) {
    const auto id = row.get<JobId>("id");
    ObjectWriter out;
    out.text("id", id.hex());
    out.text("renter_address", address_of(row, "renter_address"));
    out.text("provider_address", address_of(row, "provider_address"));
    out.maybe_text("docker_image", row.maybe<std::string>("docker_image"));
    out.maybe_text("input_file_cid", row.maybe<std::string>("input_file_cid"));
    out.maybe_text("output_file_cid", row.maybe<std::string>("output_file_cid"));
    out.text("payment_amount", to_decimal(row.get<U256>("payment_amount")));
    out.text("status", row.get<std::string>("status"));
    for (const std::string_view name :
         {"created_at", "updated_at", "assigned_at", "completed_at", "failed_at"}) {
        out.time(name, row.maybe<Timestamp>(name));
    }
    out.maybe_text("error_message", row.maybe<std::string>("error_message"));
    out.raw("attempt", std::to_string(row.get<int>("attempt")));
    out.text("chain_state", row.get<std::string>("chain_state"));
    out.maybe_text("work_state", row.maybe<std::string>("work_state"));
    out.raw("confirmations", std::to_string(row.get<std::int64_t>("confirmations")));
    out.text("transaction_hash", row.get<TxHash>("transaction_hash").hex());
    const auto cid = row.maybe<std::string>("spec_cid");
    out.text("spec_cid", cid ? *cid : wire::spec_cid(id).to_string());
    return out.finish();
}

std::optional<std::string> submitted_json(const JobId& id, const store::Row& row) {
    const auto spec = wire::parse_job_spec(as_string(row.get<Bytes>("spec")));
    if (!spec) {
        return std::nullopt;
    }
    ObjectWriter out;
    out.text("id", id.hex());
    out.text("renter_address", crypto::checksum_address(spec->renter));
    out.text("provider_address", crypto::checksum_address(spec->provider));
    out.text("docker_image", spec->docker_image);
    out.maybe_text("input_file_cid", spec->input_file_cid);
    out.raw("output_file_cid", "null");
    // The payment is unknown before the block; this is the least that the provider accepts.
    out.text("payment_amount", to_decimal(spec->min_payment));
    out.text("status", "submitted");
    out.raw("created_at", "null");
    out.time("updated_at", row.maybe<Timestamp>("created_at"));
    for (const std::string_view name : {"assigned_at", "completed_at", "failed_at", "error_message"}) {
        out.raw(name, "null");
    }
    out.raw("attempt", "0");
    out.text("chain_state", "absent");
    out.raw("work_state", "null");
    out.raw("confirmations", "0");
    out.raw("transaction_hash", "null");
    out.text("spec_cid", wire::spec_cid(id).to_string());
    return out.finish();
}

std::string reputation_tx_json(const store::Row& row) {
    const auto hash = row.maybe<TxHash>("transaction_hash");
    const auto block = row.maybe<BlockNum>("block");
    ObjectWriter out;
    out.text("job_id", row.get<JobId>("job_id").hex());
    out.text("state", row.get<std::string>("state"));
    out.maybe_text("transaction_hash", hash ? std::optional(hash->hex()) : std::nullopt);
    out.raw("block", block ? std::to_string(block->value) : "null");
    out.maybe_text("reason", row.maybe<std::string>("reason"));
    return out.finish();
}

}  // namespace lamda::views
