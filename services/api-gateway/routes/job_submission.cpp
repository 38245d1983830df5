// Route POST /api/jobs: completes and stores a spec, and returns the transaction for the wallet to send.
#include <nlohmann/json.hpp>

#include "contracts/job_manager.hpp"
#include "crypto/signer.hpp"
#include "services/api-gateway/access/spec_quota.hpp"
#include "services/api-gateway/idempotency/submission.hpp"
#include "services/api-gateway/offer/job_offer.hpp"
#include "services/api-gateway/routes/api.hpp"
#include "services/api-gateway/routes/recorded_deployment.hpp"
#include "services/api-gateway/routes/resource_store.hpp"
#include "services/api-gateway/routes/spec_store.hpp"

namespace lamda::gateway {

namespace {

/// Cost in bytes of a submission that stores no spec, but an Idempotency-Key.
constexpr std::uint64_t kRequestCost = 256;

/// Checks a well-formed offer for errors that would cost the renter the payment: JobManager has no refund.
void check_offer(const Parts& parts, const wire::JobSpec& spec, const U256& payment, views::Body& body) {
    if (auto fault = payment_fault(spec, payment)) {
        body.refuse(*std::move(fault));
    }
    const bool registered =
        parts.database.transact([&](store::Txn& txn) { return is_registered(txn, spec.provider); });
    if (!registered) {
        body.refuse(unknown_provider());
    }
}

/// Refuses what the provider's published policy refuses: its agent would, after the payment.
/// @throws problem::Problem 422
void require_policy(const Parts& parts, const wire::JobSpec& spec, const U256& payment) {
    const auto notice =
        parts.database.transact([&](store::Txn& txn) { return find_notice(txn, spec.provider); });
    if (!notice || !notice->policy) {
        return;
    }
    auto errors = policy_faults(*notice->policy, spec, payment);
    if (!errors.empty()) {
        throw problem::Problem{422, "refused_by_policy", "",
                               "the provider's policy refuses this job: see errors", std::move(errors)};
    }
}

/// Checks the offer against the provider as it is now, unless an earlier request with the same
/// Idempotency-Key passed these checks: a repetition gets the first answer. @param spec absent: the body is
/// invalid
/// @throws problem::Problem 400, 422
wire::JobSpec accepted_spec(const Parts& parts, const http::Request& request, views::Body& body,
                            std::optional<wire::JobSpec> spec, const U256& payment) {
    if (spec && body.faultless()) {
        const auto text = *body.json("payment_amount") + "\n" + *body.json("spec");
        if (auto first = find_submitted(parts, request, text, *spec)) {
            return *std::move(first);
        }
    }
    if (spec) {
        check_offer(parts, *spec, payment, body);
    }
    body.require_faultless();
    require_policy(parts, *spec, payment);
    return submitted_once(parts, request, *body.json("payment_amount") + "\n" + *body.json("spec"),
                          *std::move(spec));
}

http::Response submit(const Parts& parts, const http::Request& request) {
    views::Body body(request.body, {"spec", "payment_amount"});
    const ChainId chain =
        parts.database.transact([&](store::Txn& txn) { return recorded_chain(txn, parts.config); });
    auto [payment, offered] = read_offer(body, chain, parts.config.job_manager);
    const auto spec = accepted_spec(parts, request, body, std::move(offered), payment);
    const std::string canonical = wire::canonical_json(spec);
    const JobId id = wire::job_id_of_canonical(canonical);
    const bool known = parts.database.transact([&](store::Txn& txn) {
        const auto age = read_spec_age(txn, id);
        // Renewing the expiry costs as much as a new spec; a repetition costs little.
        const bool full_cost = age != SpecAge::kRecent;
        count_spec(txn, parts.config.spec_quota, request.client, spec.renter,
                   full_cost ? canonical.size() : kRequestCost);
        // A stored spec is put again to renew its expiry.
        if (put_spec(txn, canonical) != id) {
            throw std::logic_error("the database and this process disagree on a spec's digest");
        }
        return age != SpecAge::kNotStored;
    });
    contracts::job_manager::CreateJob call;
    call.job_id = id.as<Bytes32>();
    call.provider_address = spec.provider;
    nlohmann::ordered_json answer = {{"id", id.hex()},
                                     {"spec_cid", wire::spec_cid(id).to_string()},
                                     {"spec", nlohmann::ordered_json::parse(canonical)},
                                     {"transaction",
                                      {{"chainId", to_quantity(chain.value)},
                                       {"to", crypto::checksum_address(parts.config.job_manager)},
                                       {"value", to_quantity(payment)},
                                       {"data", to_hex(call.encode())}}}};
    auto response = json_response(answer.dump(), known ? 200 : 201);
    response.headers.emplace_back("Location", "/api/jobs/" + id.hex());
    return response;
}

}  // namespace

void add_job_submission(http::Server& server, const Parts& parts) {
    add_route(server, parts, "POST", "/api/jobs",
              [&parts](const http::Request& request) { return submit(parts, request); });
}

}  // namespace lamda::gateway
