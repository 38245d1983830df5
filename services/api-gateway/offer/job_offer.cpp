#include "services/api-gateway/offer/job_offer.hpp"

#include "core/ids.hpp"

namespace lamda::gateway {

namespace {

/// Returns 0 if it is absent or invalid.
U256 payment_of(views::Body& body) {
    const auto text = body.text("payment_amount");
    if (!text) {
        return 0;
    }
    const auto payment = u256_from_decimal(*text);
    if (!payment) {
        body.refuse("payment_amount", payment.error());
        return 0;
    }
    if (*payment == 0) {
        body.refuse({"/payment_amount", "out_of_range", "must be at least 1 wei"});
    }
    return *payment;
}

/// Returns nullopt if it is absent or invalid.
std::optional<wire::JobSpec> spec_of(views::Body& body, const wire::SpecDefaults& defaults) {
    const auto json = body.json("spec");
    if (!json) {
        return std::nullopt;
    }
    std::vector<Error> breaches;
    const auto spec = wire::complete_job_spec(*json, defaults, &breaches);
    for (const auto& breach : breaches) {
        body.refuse("spec", breach);
    }
    return spec ? std::optional(*spec) : std::nullopt;
}

}  // namespace

JobOffer read_offer(views::Body& body, ChainId chain, const Address& job_manager) {
    JobOffer out;
    out.payment = payment_of(body);
    out.spec = spec_of(body, {chain, job_manager, out.payment, random_bytes32()});
    return out;
}

std::optional<problem::FieldError> payment_fault(const wire::JobSpec& spec, const U256& payment) {
    if (payment == 0 || spec.min_payment <= payment) {
        return std::nullopt;  // 0 has its own fault
    }
    return problem::FieldError{"/payment_amount", "payment_too_small",
                               "payment_amount is less than the spec's minPayment"};
}

problem::FieldError unknown_provider() {
    return {"/spec/provider", "unknown_provider",
            "no node with this address is registered (GET /api/nodes lists them)"};
}

std::vector<problem::FieldError> policy_faults(const wire::ProviderPolicy& policy, const wire::JobSpec& spec,
                                               const U256& payment) {
    std::vector<problem::FieldError> out;
    for (const auto& refusal :
         wire::policy_refusals(policy, {spec.requirements, spec.docker_image, spec.renter, payment})) {
        const auto pointer = refusal.where == "/payment" ? "/payment_amount" : "/spec" + refusal.where;
        out.push_back({pointer, refusal.code, refusal.message});
    }
    return out;
}

}  // namespace lamda::gateway
