// Route POST /api/jobs/{id}/cancel: the renter, by a signature, or the operator ends a job.
#include <nlohmann/json.hpp>

#include "crypto/digest.hpp"
#include "services/api-gateway/bus/job_command.hpp"
#include "services/api-gateway/idempotency/idempotency_key.hpp"
#include "services/api-gateway/routes/recorded_deployment.hpp"
#include "views/body.hpp"
#include "wire/command_proof.hpp"
#include "wire/documents/cancellation.hpp"

namespace lamda::gateway {

namespace {

constexpr std::uint64_t kMostExact = (std::uint64_t{1} << 53) - 1;

/// Reads the renter's signature. @throws problem::Problem 400 with all faults
wire::Command::CancelJob::ByRenter read_signature(const http::Request& request) {
    views::Body body(request.body.empty() ? "{}" : request.body, {"expires_at", "signature"});
    wire::Command::CancelJob::ByRenter out;
    if (const auto text = body.json("expires_at")) {
        const auto seconds = u256_from_decimal(*text);
        if (!seconds || *seconds == 0 || *seconds > kMostExact) {
            body.refuse({"/expires_at", "invalid_time", "must be an integer: seconds since 1970"});
        } else {
            out.expires_at = seconds->convert_to<std::uint64_t>();
        }
    }
    if (const auto text = body.text("signature")) {
        const auto signature = crypto::Signature::from_hex65(*text);
        if (signature) {
            out.signature = *signature;
        } else {
            body.refuse("signature", signature.error());
        }
    }
    body.require_faultless();
    return out;
}

/// A signed cancellation is its own idempotency key: the dispatcher gives its first answer again.
std::string id_of(const wire::Command::CancelJob& cancel) {
    return crypto::sha256(as_bytes("cancellation\n" + wire::to_json(wire::Command{"-", cancel}))).hex();
}

/// Keeps from the dispatcher, which locks the job, what any client can send. @throws problem::Problem 403
void require_renter(const Parts& parts, const wire::Command::CancelJob& cancel, const std::string& job) {
    const auto chain =
        parts.database.transact([&](store::Txn& txn) { return recorded_chain(txn, parts.config); });
    const auto fields = nlohmann::json::parse(job);
    const auto renter = Address::parse(fields.at("renter_address").get<std::string>());
    const auto verified =
        wire::verify_canceller(cancel, renter.value(), wire::market_domain(chain, parts.config.job_manager));
    if (!verified) {
        const auto& error = verified.error();
        throw problem::Problem{
            403, error.code, "", error.message, {{error.where, error.code, error.message}}};
    }
}

/// Sends the command. @throws problem::Problem with the names of the body's fields
std::string send_cancellation(const Parts& parts, const wire::Command& command) {
    try {
        return send_command(parts, command);
    } catch (problem::Problem& refusal) {
        for (auto& error : refusal.errors) {
            error.pointer = error.pointer == "/expiresAt" ? "/expires_at" : error.pointer;
        }
        throw;
    }
}

http::Response cancel(const Parts& parts, const http::Request& request, const Caller& caller) {
    const bool by_operator = caller.is_operator;
    if (by_operator) {
        views::Body(request.body.empty() ? "{}" : request.body, {}).require_faultless();
    }
    wire::Command::CancelJob cancel{path_param<JobId>(request, "id"), {}};
    wire::Command command;
    if (by_operator) {
        command = wire::prove_command({command_id(request, "operator"), cancel},
                                      parts.config.operator_token.reveal(), SystemClock().now());
    } else {
        cancel.by_renter = read_signature(request);
        command = {id_of(cancel), cancel};
    }
    const auto found = read_job(parts, cancel.job_id);
    if (!by_operator) {
        require_renter(parts, cancel, found);
    }
    const auto reply = nlohmann::json::parse(send_cancellation(parts, command));
    // The answer to a renter's command carries no proof of the dispatcher: the job itself shows the effect.
    const auto job = nlohmann::json::parse(read_job(parts, cancel.job_id));
    if (job.at("work_state") != "cancelled" || !reply.contains("escrow")) {
        throw problem::Problem{503,
                               "answer_not_proven",
                               "",
                               "the job dispatcher did not cancel the job: another client of the bus "
                               "answered, or a release without cancellation; try again",
                               {}};
    }
    const nlohmann::ordered_json answer = {{"id", cancel.job_id.hex()},
                                           {"status", reply.at("status")},
                                           {"reason", reply.at("reason")},
                                           {"escrow", reply.at("escrow")}};
    return json_response(answer.dump());
}

}  // namespace

void add_job_cancellation(http::Server& server, const Parts& parts) {
    add_route(server, parts, "POST", "/api/jobs/{id}/cancel",
              [&parts](const http::Request& request, const Caller& caller) {
                  return cancel(parts, request, caller);
              });
}

}  // namespace lamda::gateway
