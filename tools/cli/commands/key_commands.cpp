// `lamda key`: makes, lists and revokes API keys of the gateway with the operator's token.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "telemetry/shown_text.hpp"
#include "terminal/table.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/gateway.hpp"
#include "tools/cli/output/fields.hpp"
#include "tools/cli/output/printing.hpp"

namespace lamda::cli {
namespace {

using nlohmann::json;

std::string scopes_of(const json& key) {
    std::string out;
    for (const auto& scope : key.at("scopes")) {
        out += (out.empty() ? "" : " ") + scope.get<std::string>();
    }
    return out;
}

std::string text_or_dash(const json& value) {
    return value.is_null() ? "-" : value.get<std::string>();
}

}  // namespace

int create_key(Context& context, const KeyOptions& options) {
    const json body = {
        {"name", options.name}, {"scopes", options.scopes}, {"valid_days", options.valid_days}};
    const auto made = json::parse(gateway_post(context, "/api/keys", body.dump(), context.operator_token()));
    if (context.json()) {
        fmt::print("{}", json_line(made));
        return 0;
    }
    fmt::print("{}", terminal::listing(lines_of({{"key", made.at("key")},
                                                 {"id", made.at("id")},
                                                 {"scopes", scopes_of(made)},
                                                 {"expires at", made.at("expires_at")}})));
    fmt::print(stderr, "The key is shown this once: store it now.\n");
    return 0;
}

int list_keys(Context& context) {
    const auto answer = json::parse(gateway_get(context, "/api/keys", context.operator_token()));
    if (context.json()) {
        fmt::print("{}", json_line(answer));
        return 0;
    }
    if (answer.at("items").empty()) {
        fmt::print("no API keys\n");
        return 0;
    }
    using terminal::Kind;
    terminal::Table table({{"ID", Kind::kId},
                           {"NAME"},
                           {"SCOPES"},
                           {"OWNER", Kind::kId},
                           {"EXPIRES", Kind::kTime},
                           {"LAST USED", Kind::kTime}});
    for (const auto& key : answer.at("items")) {
        const auto& owner = key.at("wallet_address");
        table.row({key.at("id").get<std::string>(), telemetry::shown_text(key.at("name").get<std::string>()),
                   scopes_of(key), owner.is_null() ? "operator" : owner.get<std::string>(),
                   key.at("expires_at").get<std::string>(), text_or_dash(key.at("last_used_at"))});
    }
    fmt::print("{}", table.text(context.screen()));
    return 0;
}

int revoke_key(Context& context, const std::string& id) {
    if (id.size() != 16 || !from_hex(id)) {
        throw CommandRefused(kExitUsage, "id: must be the 16 hex digits that `lamda key list` shows");
    }
    const auto answer = json::parse(gateway_delete(context, "/api/keys/" + id, context.operator_token()));
    if (context.json()) {
        fmt::print("{}", json_line(answer));
        return 0;
    }
    fmt::print("{}: revoked; requests with it are refused from now on\n", id);
    return 0;
}

}  // namespace lamda::cli
