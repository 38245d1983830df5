// `lamda job cancel`: ends a job by the renter's signature or the operator's token.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "terminal/table.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/gateway.hpp"
#include "tools/cli/output/fields.hpp"
#include "tools/cli/output/printing.hpp"
#include "tools/cli/paying.hpp"
#include "wire/documents/cancellation.hpp"

namespace lamda::cli {
namespace {

using nlohmann::json;

/// Validity of a signature: longer than any wait below, for clocks that differ by minutes.
constexpr auto kValidFor = std::chrono::hours(1);
constexpr Millis kLongestWait{60'000};
constexpr Millis kPoll{500};

/// Returns the end of a signature's validity in seconds since 1970.
std::uint64_t expiry(Context& context) {
    const auto until = (context.clock().now() + kValidFor).time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(until).count());
}

/// Returns the request's body, signed by the wallet. @throws CommandRefused
std::string signed_body(Context& context, const JobId& id) {
    const auto domain = wire::market_domain(context.bsc().chain_id(), context.job_manager());
    const auto cancel = wire::sign_cancellation(id, expiry(context), domain, context.wallet());
    return json({{"expires_at", cancel.by_renter->expires_at},
                 {"signature", cancel.by_renter->signature.hex65()}})
        .dump();
}

/// Shows the request without a secret: $OPERATOR_TOKEN, or $SIGNATURE of the renter over this `expires_at`.
[[noreturn]] void show_cancellation(Context& context, const std::string& path, bool by_operator) {
    net::HttpRequest request;
    request.method = "POST";
    request.headers = {{"Content-Type", "application/json"}};
    if (by_operator) {
        request.headers.emplace_back("Authorization", "Bearer $OPERATOR_TOKEN");
        request.body = "{}";
    } else {
        request.body = json({{"expires_at", expiry(context)}, {"signature", "$SIGNATURE"}}).dump();
    }
    show_request(context, path, request, {{"OPERATOR_TOKEN"}, {"SIGNATURE"}});
}

/// Waits until the block that created the job is final: before, no job is cancelled.
void wait_until_final(Context& context, const std::string& path) {
    const auto start = context.clock().steady();
    while (json::parse(gateway_get(context, path)).value("status", "") == "created" &&
           context.clock().steady() - start < kLongestWait) {
        context.clock().sleep({}, kPoll);
    }
}

}  // namespace

int cancel_job(Context& context, const std::string& text, bool by_operator, bool yes) {
    const JobId id = argument(JobId::parse(text), "id");
    const std::string path = "/api/jobs/" + id.hex();
    if (context.curl()) {
        show_cancellation(context, path + "/cancel", by_operator);
    }
    const std::string token = by_operator ? context.operator_token() : "";
    const std::string body = by_operator ? "{}" : signed_body(context, id);
    ask_on_terminal(
        "Cancel job " + id.hex() + ": this is final, and a running container is stopped. " + kNoRefund, yes);
    wait_until_final(context, path);
    const auto answer = json::parse(gateway_post(context, path + "/cancel", body, token));
    if (context.json()) {
        fmt::print("{}", json_line(answer));
        return 0;
    }
    const auto& escrow = answer.at("escrow");
    fmt::print("{}", terminal::listing(lines_of({{"id", answer.at("id")},
                                                 {"status", answer.at("status")},
                                                 {"reason", answer.at("reason")},
                                                 {"escrow", escrow.at("code")},
                                                 {"payment", escrow.at("detail")}})));
    return 0;
}

}  // namespace lamda::cli
