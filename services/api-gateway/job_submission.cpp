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

http::Response submit(const Parts& parts, const http::Request& request) {
    const auto members = views::members_of(request, {"spec", "payment_amount"});
    const auto payment = u256_from_decimal(views::string_of(members.at("payment_amount"), "/payment_amount"));
    if (!payment) {
        throw http::invalid(payment.error(), "/payment_amount");
    }
    const ChainId chain =
        parts.database.transact([&](store::Txn& txn) { return recorded_chain(txn, parts.config); });
    const auto spec = wire::complete_job_spec(members.at("spec"),
                                              {chain, parts.config.job_manager, *payment, random_bytes32()});
    if (!spec) {
        throw http::invalid(spec.error(), "/spec");
    }
    if (spec->min_payment > *payment) {
        throw http::invalid({"payment_too_small", "payment_amount is less than the spec's minPayment", ""},
                            "/payment_amount");
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
                                     {"value", to_quantity(*payment)},
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
