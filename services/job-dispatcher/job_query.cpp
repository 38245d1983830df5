#include "job_query.hpp"

#include <nlohmann/json.hpp>

#include "crypto/signer.hpp"
#include "http/message.hpp"
#include "wire/job_state.hpp"

namespace lamda::dispatch {

namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& field, const std::string& detail) {
    throw http::Problem{400, "invalid_request", "", detail, {{"/" + field, "invalid_value", detail}}};
}

struct Filter {
    std::optional<std::string> status;
    std::optional<Address> provider;
    std::optional<Address> renter;
    std::optional<JobId> id;
    std::uint64_t limit = 100;
};

std::string text(const json& value, const std::string& name) {
    if (!value.is_string()) {
        refuse(name, name + " is a string");
    }
    return value.get<std::string>();
}

template <class T>
T parsed(const json& value, const std::string& name) {
    const auto out = T::parse(text(value, name));
    if (!out) {
        refuse(name, out.error().message);
    }
    return *out;
}

std::uint64_t limit_of(const json& value) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() < 1 || value.get<std::uint64_t>() > 1000) {
        refuse("limit", "limit is an integer of 1 to 1000");
    }
    return value.get<std::uint64_t>();
}

Filter filter_of(const std::string& body) {
    const auto object = json::parse(body.empty() ? "{}" : body, nullptr, false);
    if (!object.is_object()) {
        refuse("", "the query is a JSON object");
    }
    Filter out;
    for (const auto& [name, value] : object.items()) {
        if (name == "status") {
            out.status = text(value, name);
            if (!wire::parse_public_status(*out.status)) {
                refuse(name, "no such status");
            }
        } else if (name == "provider_address") {
            out.provider = parsed<Address>(value, name);
        } else if (name == "renter_address") {
            out.renter = parsed<Address>(value, name);
        } else if (name == "id") {
            out.id = parsed<JobId>(value, name);
        } else if (name == "limit") {
            out.limit = limit_of(value);
        } else {
            refuse(name, "unknown field");
        }
    }
    return out;
}

template <class T>
json value_or_null(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

json time_or_null(const store::Row& row, const char* name) {
    const auto at = row.maybe<Timestamp>(name);
    return at ? json(to_rfc3339(*at)) : json(nullptr);
}

json object_of(const store::Row& row) {
    json out{{"id", row.get<JobId>("id").hex()},
             {"renter_address", crypto::checksum_address(row.get<Address>("renter_address"))},
             {"provider_address", crypto::checksum_address(row.get<Address>("provider_address"))},
             {"payment_amount", to_decimal(row.get<U256>("payment_amount"))},
             {"attempt", row.get<std::uint32_t>("attempt")},
             {"confirmations", row.get<std::uint64_t>("confirmations")},
             {"transaction_hash", row.get<TxHash>("transaction_hash").hex()}};
    for (const auto* name : {"docker_image", "input_file_cid", "output_file_cid", "status", "error_message",
                             "chain_state", "work_state", "spec_cid"}) {
        out[name] = value_or_null(row.maybe<std::string>(name));
    }
    for (const auto* name : {"created_at", "updated_at", "assigned_at", "completed_at", "failed_at"}) {
        out[name] = time_or_null(row, name);
    }
    return out;
}

std::string run(store::Txn& txn, const Filter& filter) {
    const auto rows = txn.exec(
        "SELECT * FROM api.job WHERE ($1::text IS NULL OR status = $1) AND ($2::bytea IS NULL OR "
        "provider_address = $2) "
        "AND ($3::bytea IS NULL OR renter_address = $3) AND ($4::bytea IS NULL OR id = $4) "
        "ORDER BY block_num DESC, log_index DESC LIMIT $5",
        {filter.status, filter.provider, filter.renter, filter.id, filter.limit});
    json jobs = json::array();
    for (const auto row : rows) {
        jobs.push_back(object_of(row));
    }
    const auto count = jobs.size();
    return json{{"jobs", std::move(jobs)}, {"count", count}}.dump();
}

}  // namespace

JobQuery::JobQuery(store::Database& database, telemetry::Log log)
    : database_(database), log_(std::move(log)) {}

std::string JobQuery::answer(const std::string& body) {
    try {
        const Filter filter = filter_of(body);
        return database_.transact([&](store::Txn& txn) { return run(txn, filter); });
    } catch (const http::Problem& refused) {
        return http::to_response(refused, http::Request{}).body;
    } catch (const std::exception& e) {
        log_.error("query failed", {{"reason", e.what()}});
        http::Problem out;
        out.status = 503;
        out.code = "unavailable";
        out.detail = "the dispatcher cannot answer now";
        return http::to_response(out, http::Request{}).body;
    }
}

}  // namespace lamda::dispatch
