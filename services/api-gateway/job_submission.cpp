// POST /api/jobs: completes and stores a spec, and returns the transaction that a wallet sends.
#include <nlohmann/json.hpp>

#include "api.hpp"
#include "contracts/job_manager.hpp"
#include "crypto/signer.hpp"
#include "idempotency.hpp"
#include "market_record.hpp"
#include "views/body.hpp"
#include "wire/job_spec.hpp"

namespace lamda::gateway {

namespace {

/// 0 when it is wrong.
U256 payment_of(const std::string& json, std::vector<http::FieldError>& errors) {
    constexpr auto kWhere = "/payment_amount";
    try {
        const auto payment = u256_from_decimal(views::string_of(json, kWhere));
        if (payment && *payment > 0) {
            return *payment;
        }
        errors.push_back(payment ? http::FieldError{kWhere, "out_of_range", "a job is paid at least 1 wei"}
                                 : http::FieldError{kWhere, payment.error().code, payment.error().message});
    } catch (const http::Problem& problem) {
        errors.insert(errors.end(), problem.errors.begin(), problem.errors.end());
    }
    return 0;
}

/// Checks the parts of a well-formed offer that would cost the renter the payment: JobManager has no refund.
void judge_offer(const Parts& parts, const wire::JobSpec& spec, const U256& payment,
                 std::vector<http::FieldError>& errors) {
    if (payment > 0 && spec.min_payment > payment) {
        errors.push_back(
            {"/payment_amount", "payment_too_small", "payment_amount is less than the spec's minPayment"});
    }
    const bool registered = parts.database.transact([&](store::Txn& txn) {
        return txn
            .first("SELECT 1 AS one FROM api.node WHERE wallet_address = $1::bytea AND is_registered",
                   {spec.provider})
            .has_value();
    });
    if (!registered) {
        errors.push_back({"/spec/provider", "unknown_provider",
                          "no node with this address is registered (GET /api/nodes lists them)"});
    }
}

http::Response submit(const Parts& parts, const http::Request& request) {
    const auto members = views::members_of(request, {"spec", "payment_amount"});
    std::vector<http::FieldError> errors;
    const U256 payment = payment_of(members.at("payment_amount"), errors);
    const ChainId chain =
        parts.database.transact([&](store::Txn& txn) { return recorded_chain(txn, parts.config); });
    std::vector<Error> breaches;
    const auto spec = wire::complete_job_spec(
        members.at("spec"), {chain, parts.config.job_manager, payment, random_bytes32()}, &breaches);
    for (const auto& breach : breaches) {
        errors.push_back({"/spec" + breach.where, breach.code, breach.message});
    }
    if (spec) {
        judge_offer(parts, *spec, payment, errors);
    }
    if (!errors.empty()) {
        throw http::Problem{400, "invalid_request", "",
                            errors.size() == 1 ? errors.front().detail : "the job is not usable: see errors",
                            std::move(errors)};
    }
    const std::string canonical = wire::canonical_json(
        submitted_once(parts, request, members.at("payment_amount") + "\n" + members.at("spec"), *spec));
    const JobId id = wire::job_id_of_canonical(canonical);
    const bool known = parts.database.transact([&](store::Txn& txn) {
        const bool stored = txn.first("SELECT id FROM api.spec WHERE id = $1::bytea", {id}).has_value();
        // Also when it is stored: that puts off its expiry.
        const auto digest =
            txn.one("SELECT api.put_spec($1::bytea) AS id", {as_bytes(canonical)}).get<JobId>("id");
        if (digest != id) {
            throw std::logic_error("the database and this process disagree on a spec's digest");
        }
        return stored;
    });
    contracts::job_manager::CreateJob call;
    call.job_id = id.as<Bytes32>();
    call.provider_address = spec->provider;
    nlohmann::ordered_json body = {{"id", id.hex()},
                                   {"spec_cid", wire::spec_cid(id).to_string()},
                                   {"spec", nlohmann::ordered_json::parse(canonical)},
                                   {"transaction",
                                    {{"chainId", to_quantity(chain.value)},
                                     {"to", crypto::checksum_address(parts.config.job_manager)},
                                     {"value", to_quantity(payment)},
                                     {"data", to_hex(call.encode())}}}};
    auto response = json_response(body.dump(), known ? 200 : 201);
    response.headers.emplace_back("Location", "/api/jobs/" + id.hex());
    return response;
}

}  // namespace

void add_job_submission(http::Server& server, const Parts& parts) {
    add_route(server, parts, "POST", "/api/jobs",
              [&parts](const http::Request& request) { return submit(parts, request); });
}

}  // namespace lamda::gateway
