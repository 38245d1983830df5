// Route POST /api/jobs/check: judges a job before anything is stored or paid.
#include "services/api-gateway/routes/api.hpp"
#include "services/api-gateway/routes/recorded_deployment.hpp"
#include "services/api-gateway/routes/resource_store.hpp"

namespace lamda::gateway {

namespace {

http::Response check(const Parts& parts, const http::Request& request) {
    views::Body body(request.body, {"spec", "payment_amount"});
    const ChainId chain =
        parts.database.transact([&](store::Txn& txn) { return recorded_chain(txn, parts.config); });
    const auto offer = read_offer(body, chain, parts.config.job_manager);
    CheckFacts facts;
    if (offer.spec) {
        parts.database.transact([&](store::Txn& txn) {
            facts.is_known = is_on_chain(txn, wire::job_id_of(*offer.spec));
            facts.provider = find_provider(txn, offer.spec->provider);
        });
        if (!stops(check_job(body.faults(), offer, facts))) {
            facts.input = parts.inputs.find(offer.spec->input_file_cid, request.client);
        } else if (offer.spec->input_file_cid) {
            facts.input = InputFound::kNotChecked;
        }
    }
    return json_response(check_json(check_job(body.faults(), offer, facts)));
}

}  // namespace

void add_job_check(http::Server& server, const Parts& parts) {
    add_route(server, parts, "POST", "/api/jobs/check",
              [&parts](const http::Request& request) { return check(parts, request); });
}

}  // namespace lamda::gateway
