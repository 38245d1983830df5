#include "node_query.hpp"

#include <nlohmann/json.hpp>

#include "crypto/signer.hpp"
#include "http/message.hpp"

namespace lamda::registry {

namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& field, const std::string& detail) {
    throw http::Problem{400, "invalid_request", "", detail, {{"/" + field, "invalid_value", detail}}};
}

struct Filter {
    std::optional<Address> wallet;
    std::optional<std::string> gpu_model;
    std::optional<bool> online;
    std::optional<U256> min_vram;
    std::optional<U256> min_score;
    std::uint64_t limit = 100;
};

std::string text(const json& value, const std::string& name) {
    if (!value.is_string()) {
        refuse(name, name + " is a string");
    }
    return value.get<std::string>();
}

/// An integer, or its decimal digits as a string.
U256 number(const json& value, const std::string& name) {
    if (value.is_number_unsigned()) {
        return U256(value.get<std::uint64_t>());
    }
    const Result<U256> out = value.is_string() ? u256_from_decimal(value.get<std::string>()) : Error{};
    if (!out) {
        refuse(name, name + " is a whole number, not below 0");
    }
    return *out;
}

Filter filter_of(const std::string& body) {
    const auto object = json::parse(body.empty() ? "{}" : body, nullptr, false);
    if (!object.is_object()) {
        refuse("", "the query is a JSON object");
    }
    Filter out;
    for (const auto& [name, value] : object.items()) {
        if (name == "wallet_address") {
            const auto address = Address::parse(text(value, name));
            if (!address) {
                refuse(name, address.error().message);
            }
            out.wallet = *address;
        } else if (name == "gpu_model") {
            out.gpu_model = text(value, name);
            if (out.gpu_model->find('\0') != std::string::npos) {
                refuse(name, "gpu_model holds a NUL");
            }
        } else if (name == "is_online") {
            if (!value.is_boolean()) {
                refuse(name, "is_online is true or false");
            }
            out.online = value.get<bool>();
        } else if (name == "min_vram") {
            out.min_vram = number(value, name);
        } else if (name == "min_reputation_score") {
            out.min_score = number(value, name);
        } else if (name == "limit") {
            const U256 limit = number(value, name);
            if (limit < 1 || limit > 1000) {
                refuse(name, "limit is an integer of 1 to 1000");
            }
            out.limit = to_u64(limit).value();
        } else {
            refuse(name, "unknown field");
        }
    }
    return out;
}

/// Numbers of the contract: as JSON numbers while they are exact there, else as decimal strings.
json count(const U256& value) {
    constexpr std::uint64_t kExact = (1ULL << 53) - 1;
    return value <= kExact ? json(to_u64(value).value()) : json(to_decimal(value));
}

json object_of(const store::Row& row) {
    return {{"wallet_address", crypto::checksum_address(row.get<Address>("wallet_address"))},
            {"gpu_model", row.get<std::string>("gpu_model")},
            {"vram", count(row.get<U256>("vram"))},
            {"last_seen", to_rfc3339(row.get<Timestamp>("last_seen"))},
            {"is_online", row.get<bool>("is_online")},
            {"total_jobs_completed", count(row.get<U256>("total_jobs_completed"))},
            {"reputation_score", count(row.get<U256>("reputation_score"))},
            {"created_at", to_rfc3339(row.get<Timestamp>("created_at"))},
            {"updated_at", to_rfc3339(row.get<Timestamp>("updated_at"))}};
}

std::string run(store::Txn& txn, const Filter& filter) {
    const auto rows = txn.exec(
        "SELECT * FROM api.node WHERE is_registered AND ($1::bytea IS NULL OR wallet_address = $1) "
        "AND ($2::text IS NULL OR gpu_model = $2) AND ($3::boolean IS NULL OR is_online = $3) "
        "AND ($4::numeric IS NULL OR vram >= $4) AND ($5::numeric IS NULL OR reputation_score >= $5) "
        "ORDER BY created_at, wallet_address LIMIT $6",
        {filter.wallet, filter.gpu_model, filter.online, filter.min_vram, filter.min_score, filter.limit});
    json nodes = json::array();
    for (const auto row : rows) {
        nodes.push_back(object_of(row));
    }
    const auto size = nodes.size();
    return json{{"nodes", std::move(nodes)}, {"count", size}}.dump();
}

}  // namespace

NodeQuery::NodeQuery(store::Database& database, telemetry::Log log)
    : database_(database), log_(std::move(log)) {}

std::string NodeQuery::answer(const std::string& body) {
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
        out.detail = "the registry cannot answer now";
        return http::to_response(out, http::Request{}).body;
    }
}

}  // namespace lamda::registry
