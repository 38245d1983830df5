// Routes PUT /api/jobs/{id}/status and /spec: send commands to the dispatcher, which owns the job.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "crypto/hmac.hpp"
#include "services/api-gateway/access/token_guard.hpp"
#include "services/api-gateway/routes/api.hpp"
#include "services/api-gateway/routes/idempotency.hpp"
#include "views/body.hpp"
#include "wire/command_proof.hpp"
#include "wire/job_spec.hpp"
#include "wire/subjects.hpp"

namespace lamda::gateway {

namespace {

constexpr Millis kTimeout{5'000};
constexpr std::size_t kMostMessageBytes = 1'000;

/// Returns the token of `Bearer <token>`; the scheme is case-insensitive (RFC 9110, section 11.1). Empty:
/// another scheme.
std::string bearer_of(const std::string& credentials) {
    const std::size_t blank = std::min(credentials.find(' '), credentials.size());
    const std::size_t token = std::min(credentials.find_first_not_of(' ', blank), credentials.size());
    std::string scheme = credentials.substr(0, blank);
    std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return scheme == "bearer" ? credentials.substr(token) : "";
}

/// Returns the refusal of a request without the operator's token; nullopt: accepted.
std::optional<http::Response> check_token(const Config& config, TokenGuard& guard,
                                          const http::Request& request) {
    if (config.operator_token.empty()) {
        return to_response({403, "forbidden", "", "no operator token is configured (OPERATOR_TOKEN)", {}},
                           request);
    }
    const auto header = request.headers.find("authorization");
    if (const int wait = guard.wait_for(request.client); header != request.headers.end() && wait > 0) {
        problem::Problem problem{
            429, "too_many_wrong_tokens", "", "too many wrong tokens from this address", {}};
        problem.retry_after = wait;
        return to_response(problem, request);
    }
    if (header != request.headers.end() &&
        crypto::same_secret(bearer_of(header->second), config.operator_token.reveal())) {
        return std::nullopt;
    }
    if (header != request.headers.end()) {
        guard.wrong(request.client, request.request_id);
    }
    auto response =
        to_response({401, "unauthorized", "", "the operator's bearer token is required", {}}, request);
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
}

/// Sends a command to the dispatcher. Throws the dispatcher's refusal as problem::Problem. The answer to a
/// command with the operator's proof must carry the dispatcher's proof. @throws bus::Unavailable
void command(const Parts& parts, const wire::Command& what) {
    const auto text = parts.bus.request(wire::kJobsCommand, wire::to_json(what), kTimeout);
    if (what.proof && !wire::answer_is_proven(text, what, parts.config.operator_token.reveal())) {
        parts.log.error("command answered without the dispatcher's proof",
                        {{"request_id", what.request_id}, {"job_id", wire::job_of(what).hex()}});
        throw problem::Problem{
            503,
            "answer_not_proven",
            "",
            "the answer has no valid proof of the job dispatcher: its OPERATOR_TOKEN differs, or "
            "another client answered; the command may have been executed",
            {}};
    }
    const auto reply = nlohmann::json::parse(text, nullptr, false);
    if (!reply.is_object()) {
        throw std::runtime_error("the dispatcher's reply is not a JSON object");
    }
    const auto status = reply.find("status");
    if (!reply.contains("code") || status == reply.end() || !status->is_number_integer() ||
        status->get<int>() < 400) {
        return;
    }
    problem::Problem problem{status->get<int>(),
                             reply.value("code", "refused"),
                             reply.value("title", ""),
                             reply.value("detail", ""),
                             {}};
    if (const auto errors = reply.find("errors"); errors != reply.end() && errors->is_array()) {
        for (const auto& error : *errors) {
            problem.errors.push_back(
                {error.value("pointer", ""), error.value("code", ""), error.value("detail", "")});
        }
    }
    throw problem::Problem(std::move(problem));
}

http::Response set_status(const Parts& parts, TokenGuard& guard, const http::Request& request) {
    if (auto refusal = check_token(parts.config, guard, request)) {
        return *std::move(refusal);
    }
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
    command(parts, wire::prove_command(what, parts.config.operator_token.reveal(), SystemClock().now()));
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
    command(parts, {command_id(request, signer_of(id, canonical, *signature)),
                    wire::Command::AttachSpec{id, canonical, *signature}});
    return json_response(read_job(parts, id));
}

}  // namespace

void add_job_updates(http::Server& server, const Parts& parts) {
    static const SystemClock clock;
    const auto guard = std::make_shared<TokenGuard>(clock, parts.log);
    add_route(server, parts, "PUT", "/api/jobs/{id}/status",
              [&parts, guard](const http::Request& request) { return set_status(parts, *guard, request); });
    add_route(server, parts, "PUT", "/api/jobs/{id}/spec",
              [&parts](const http::Request& request) { return attach_spec(parts, request); });
}

}  // namespace lamda::gateway
