// Routes PUT /api/jobs/{id}/status and /spec: send commands to the dispatcher, which owns the job.
#include <fmt/format.h>

#include "services/api-gateway/bus/job_command.hpp"
#include "services/api-gateway/idempotency/idempotency_key.hpp"
#include "views/body.hpp"
#include "wire/command_proof.hpp"
#include "wire/job_spec.hpp"

namespace lamda::gateway {

namespace {

constexpr std::size_t kMostMessageBytes = 1'000;

http::Response set_status(const Parts& parts, const http::Request& request) {
    const auto id = path_param<JobId>(request, "id");
    views::Body body(request.body, {"status"}, {"error_message"});
    const auto status = body.text("status").value_or("");
    if (body.json("status") && status != "cancelled" && status != "failed") {
        body.refuse({"/status", "invalid_status", "must be cancelled or failed"});
    }
    const auto why = body.text("error_message").value_or("");
    if (why.size() > kMostMessageBytes) {
        body.refuse({"/error_message", "too_long", fmt::format("at most {} bytes", kMostMessageBytes)});
    }
    body.require_faultless();
    (void)read_job(parts, id);
    const wire::Command what{command_id(request, "operator"), wire::Command::SetStatus{id, status, why}};
    send_command(parts, wire::prove_command(what, parts.config.operator_token.reveal(), SystemClock().now()));
    return json_response(read_job(parts, id));
}

/// Returns the signer of the spec as the caller, so that Idempotency-Keys are separate for each signer.
std::string signer_of(const JobId& id, const std::string& canonical, const std::string& signature) {
    const auto parsed = crypto::Signature::from_hex65(signature);
    if (!parsed) {
        return "signer unknown";
    }
    const auto signer =
        crypto::recover(wire::attach_spec_digest(id, wire::job_id_of_canonical(canonical)), *parsed);
    return "signer " + (signer ? signer->hex() : std::string("unknown"));
}

http::Response attach_spec(const Parts& parts, const http::Request& request) {
    const auto id = path_param<JobId>(request, "id");
    views::Body body(request.body, {"spec", "signature"});
    std::vector<Error> breaches;
    const auto spec = wire::parse_job_spec(body.json("spec").value_or("{}"), &breaches);
    if (body.json("spec")) {
        for (const auto& breach : breaches) {
            body.refuse("spec", breach);
        }
    }
    if (spec && !spec->secrets.empty()) {
        body.refuse(
            {"/spec/secrets", "not_allowed",
             "an attached spec has no secrets: they open only under the jobId that is the spec's digest"});
    }
    const auto signature = body.text("signature");
    if (const auto parsed = crypto::Signature::from_hex65(signature.value_or("")); signature && !parsed) {
        body.refuse("signature", parsed.error());
    }
    body.require_faultless();
    (void)read_job(parts, id);
    const std::string canonical = wire::canonical_json(*spec);
    send_command(parts, {command_id(request, signer_of(id, canonical, *signature)),
                         wire::Command::AttachSpec{id, canonical, *signature}});
    return json_response(read_job(parts, id));
}

}  // namespace

void add_job_updates(http::Server& server, const Parts& parts) {
    add_route(server, parts, "PUT", "/api/jobs/{id}/status",
              [&parts](const http::Request& request) { return set_status(parts, request); });
    add_route(server, parts, "PUT", "/api/jobs/{id}/spec",
              [&parts](const http::Request& request) { return attach_spec(parts, request); });
}

}  // namespace lamda::gateway
