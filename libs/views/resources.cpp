#include "views/resources.hpp"

#include "core/json_writer.hpp"
#include "crypto/signer.hpp"
#include "views/page.hpp"
#include "wire/job_spec.hpp"

namespace lamda::views {

namespace {

// Rows are written without a tree: lists of thousands of them are the gateway's hot path.

using store::Row;

void add_time(JsonWriter& out, std::string_view name, const std::optional<Timestamp>& value) {
    out.key(name).text_or_null(value ? std::optional(to_rfc3339(*value)) : std::nullopt);
}

// ---- writers of fields

void address(JsonWriter& out, std::string_view column, const Row& row) {
    out.text(crypto::checksum_address(row.get<Address>(column)));
}
void text(JsonWriter& out, std::string_view column, const Row& row) {
    out.text_or_null(row.maybe<std::string>(column));
}
void time(JsonWriter& out, std::string_view column, const Row& row) {
    const auto value = row.maybe<Timestamp>(column);
    out.text_or_null(value ? std::optional(to_rfc3339(*value)) : std::nullopt);
}
void hash(JsonWriter& out, std::string_view column, const Row& row) {
    const auto value = row.maybe<Bytes32>(column);
    out.text_or_null(value ? std::optional(value->hex()) : std::nullopt);
}
void boolean(JsonWriter& out, std::string_view column, const Row& row) {
    out.boolean(row.get<bool>(column));
}
void number(JsonWriter& out, std::string_view column, const Row& row) {
    out.number_or_null(row.maybe<std::int64_t>(column));
}
/// A number from the chain.
void count(JsonWriter& out, std::string_view column, const Row& row) {
    out.raw(number_json(row.get<U256>(column)));
}
/// Wei.
void amount(JsonWriter& out, std::string_view column, const Row& row) {
    out.text(to_decimal(row.get<U256>(column)));
}

std::vector<const Field*> all_of(const Resource& resource) {
    std::vector<const Field*> out;
    for (const auto& field : resource.fields) {
        out.push_back(&field);
    }
    return out;
}

/// Key of the lists of jobs. Timestamps repeat on BSC; an orphaned and a canonical job may have the same
/// position.
const std::vector<SortColumn> kByPosition = {
    {"block_num", "bigint"}, {"log_index", "integer"}, {"id", "bytea"}};
const std::vector<SortColumn> kByAge = {{"created_at", "timestamptz"}, {"wallet_address", "bytea"}};
const std::vector<SortColumn> kByScore = {{"reputation_score", "numeric"}, {"wallet_address", "bytea"}};
const std::vector<SortColumn> kByJobs = {{"total_jobs_completed", "numeric"}, {"wallet_address", "bytea"}};

}  // namespace

const Resource kJobs = {"api.job",
                        {},
                        {"docker_image", "input_file_cid", "output_file_cid", "error_message"},
                        "true",
                        {
                            {"spec_cid", "spec_id", "=", FieldType::kSpecCid, true},
                            {"renter_address", "renter_address", "=", FieldType::kAddress, true},
                            {"provider_address", "provider_address", "=", FieldType::kAddress, true},
                            {"status", "status", "=", FieldType::kStatus, true, true},
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
                        {{"-created_at", kByPosition, true}, {"created_at", kByPosition, false}},
                        {{"id", "id", hash},
                         {"renter_address", "renter_address", address},
                         {"provider_address", "provider_address", address},
                         {"docker_image", "docker_image", text},
                         {"input_file_cid", "input_file_cid", text},
                         {"output_file_cid", "output_file_cid", text},
                         {"payment_amount", "payment_amount", amount},
                         {"status", "status", text},
                         {"created_at", "created_at", time},
                         {"updated_at", "updated_at", time},
                         {"assigned_at", "assigned_at", time},
                         {"completed_at", "completed_at", time},
                         {"failed_at", "failed_at", time},
                         {"error_message", "error_message", text},
                         {"attempt", "attempt", number},
                         {"chain_state", "chain_state", text},
                         {"work_state", "work_state", text},
                         {"confirmations", "confirmations", number},
                         {"transaction_hash", "transaction_hash", hash},
                         {"spec_cid", "spec_cid", text}}};

const Resource kNodes = {"api.node",
                         {"is_registered"},
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
                         {{"created_at", kByAge, false},
                          {"-created_at", kByAge, true},
                          {"reputation_score", kByScore, false},
                          {"-reputation_score", kByScore, true},
                          {"total_jobs_completed", kByJobs, false},
                          {"-total_jobs_completed", kByJobs, true}},
                         {{"wallet_address", "wallet_address", address},
                          {"gpu_model", "gpu_model", text},
                          {"vram", "vram", count},
                          {"last_seen", "last_seen", time},
                          {"is_online", "is_online", boolean},
                          {"total_jobs_completed", "total_jobs_completed", count},
                          {"reputation_score", "reputation_score", count},
                          {"created_at", "created_at", time},
                          {"updated_at", "updated_at", time}}};

const Resource kReputationTxs = {"api.reputation_tx",
                                 {},
                                 {"reason"},
                                 "true",
                                 {{"wallet_address", "wallet_address", "=", FieldType::kAddress, true}},
                                 // Order of api.job: by the block of the job's creation.
                                 {{"-created_at", {{"block_num", "bigint"}, {"job_id", "bytea"}}, true}},
                                 {{"job_id", "job_id", hash},
                                  {"state", "state", text},
                                  {"transaction_hash", "transaction_hash", hash},
                                  {"block", "block", number},
                                  {"reason", "reason", text}}};

const Resource kNodeHistory = {"api.node_history",
                               {},
                               {},
                               "true",
                               {{"wallet_address", "wallet_address", "=", FieldType::kAddress, true}},
                               {{"-at", {{"number", "bigint"}}, true}, {"at", {{"number", "bigint"}}, false}},
                               {{"number", "number", number},
                                {"state", "state", text},
                                {"previous_state", "previous_state", text},
                                {"reason", "reason", text},
                                {"at", "at", time}}};

std::string number_json(const U256& value) {
    const std::string digits = to_decimal(value);
    return value < (U256(1) << 53) ? digits : "\"" + digits + "\"";
}

std::string node_json(const Row& row) {
    return row_json(all_of(kNodes), row);
}

std::string job_json(const Row& row) {
    return row_json(all_of(kJobs), row);
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

}  // namespace lamda::views
