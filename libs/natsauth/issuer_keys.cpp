#include "natsauth/issuer_keys.hpp"

#include <nlohmann/json.hpp>

namespace lamda::natsauth {

std::vector<std::string> IssuerKeys::signing_keys() const {
    std::vector<std::string> out{agents_key.public_key()};
    out.insert(out.end(), former_agents_keys.begin(), former_agents_keys.end());
    return out;
}

std::string to_text(const IssuerKeys& keys) {
    const nlohmann::ordered_json out = {{"operatorSigningSeed", keys.operator_key.seed()},
                                        {"agentsSigningSeed", keys.agents_key.seed()},
                                        {"formerAgentsKeys", keys.former_agents_keys},
                                        {"accounts",
                                         {{"system", keys.accounts.system},
                                          {"lamda", keys.accounts.lamda},
                                          {"registry", keys.accounts.registry},
                                          {"gateway", keys.accounts.gateway},
                                          {"feed", keys.accounts.feed}}},
                                        {"systemCredentials", to_text(keys.system)}};
    return out.dump(2) + "\n";
}

Result<IssuerKeys> parse_issuer_keys(std::string_view text) {
    const Error wrong{"invalid_issuer_keys", "is no file of issuer keys as `lamda nats init` writes it", ""};
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) {
        return wrong;
    }
    try {
        auto operator_key =
            Nkey::from_seed(KeyKind::kOperator, json.at("operatorSigningSeed").get<std::string>());
        auto agents_key = Nkey::from_seed(KeyKind::kAccount, json.at("agentsSigningSeed").get<std::string>());
        auto system = parse_credentials(json.at("systemCredentials").get<std::string>());
        const auto& names = json.at("accounts");
        const AccountKeys accounts{names.at("system"), names.at("lamda"), names.at("registry"),
                                   names.at("gateway"), names.at("feed")};
        auto former = json.at("formerAgentsKeys").get<std::vector<std::string>>();
        bool valid = operator_key && agents_key && system;
        for (const auto* key :
             {&accounts.system, &accounts.lamda, &accounts.registry, &accounts.gateway, &accounts.feed}) {
            valid = valid && parse_public_key(KeyKind::kAccount, *key);
        }
        for (const auto& key : former) {
            valid = valid && parse_public_key(KeyKind::kAccount, key);
        }
        if (!valid) {
            return wrong;
        }
        return IssuerKeys{*std::move(operator_key), *std::move(agents_key), std::move(former), accounts,
                          *std::move(system)};
    } catch (const nlohmann::json::exception&) {
        return wrong;
    }
}

}  // namespace lamda::natsauth
