#include "tools/cli/context.hpp"

#include "runtime/server_settings.hpp"
#include "tools/cli/gateway.hpp"

namespace lamda::cli {

Context::Context(bool json, runtime::EnvFile file, bool curl)
    : json_(json),
      curl_(curl),
      settings_(runtime::Settings::from_environment(runtime::take_secrets(
          std::move(file), {"DATABASE_URL", "BSC_RPC_URL", "OPBNB_RPC_URL", "WALLET_PRIVATE_KEY",
                            "ADMIN_WALLET_PRIVATE_KEY", "OPERATOR_TOKEN"}))) {}

template <class T>
T Context::checked(T value) {
    if (settings_.mistakes().empty()) {
        return value;
    }
    std::string text;
    for (const auto& mistake : settings_.mistakes()) {
        text += (text.empty() ? "" : "\n") + mistake.name + ": " + mistake.message;
    }
    throw CommandRefused(kExitConfig, text);
}

eth::Rpc& Context::bsc() {
    if (!bsc_) {
        const auto urls = checked(settings_.urls("BSC_RPC_URL", "JSON-RPC endpoints of BSC"));
        bsc_ = connect(urls);
    }
    return *bsc_;
}

eth::Rpc& Context::opbnb() {
    if (!opbnb_) {
        const auto urls = checked(settings_.urls("OPBNB_RPC_URL", "JSON-RPC endpoints of opBNB"));
        opbnb_ = connect(urls);
    }
    return *opbnb_;
}

std::unique_ptr<rpcpool::MultiRpc> Context::connect(const std::vector<std::string>& urls) {
    const auto timeout = checked(settings_.duration("RPC_TIMEOUT", "of one call", "10s"));
    return std::make_unique<rpcpool::MultiRpc>(rpcpool::RpcConfig{.urls = urls, .timeout = timeout}, clock_,
                                               telemetry::Log::none());
}

std::vector<std::string> Context::urls(const std::string& setting) {
    return checked(settings_.urls(setting, "JSON-RPC endpoints"));
}

std::optional<std::vector<std::string>> Context::maybe_urls(const std::string& setting) {
    return settings_.maybe_text(setting, "JSON-RPC endpoints") ? std::optional(urls(setting)) : std::nullopt;
}

std::optional<BlockNum> Context::maybe_block(const std::string& setting) {
    const auto number = checked(settings_.maybe_number(setting, "a block"));
    return number ? std::optional(BlockNum{*number}) : std::nullopt;
}

Address Context::job_manager() {
    return checked(settings_.address("JOB_MANAGER_CONTRACT_ADDRESS", "JobManager on BSC"));
}

Address Context::node_reputation() {
    return checked(settings_.address("NODE_REPUTATION_CONTRACT_ADDRESS", "NodeReputation on opBNB"));
}

std::string Context::database_url() {
    return checked(runtime::read_database_url(settings_)).reveal();
}

std::unique_ptr<store::Database> Context::database(const std::string& application) {
    return std::make_unique<store::Database>(database_url(), application, 1);
}

std::string Context::gateway_url() {
    const auto port = settings_.number("API_PORT", "the gateway's port", 8080, 1, 65535);
    const auto text =
        checked(settings_.text("LAMDA_API_URL", "the gateway", "http://127.0.0.1:" + std::to_string(port)));
    auto url = gateway_base(text);
    if (!url) {
        throw CommandRefused(kExitConfig, "LAMDA_API_URL: " + url.error().message);
    }
    return std::move(url).value();
}

std::string Context::operator_token() {
    const auto token = checked(runtime::read_operator_token(settings_));
    if (token.empty() && curl_) {
        return "-";  // a request that is only shown has its name in its place
    }
    if (token.empty()) {
        throw CommandRefused(kExitConfig, "OPERATOR_TOKEN: is not set; use the token of the gateway");
    }
    return token.reveal();
}

std::unique_ptr<crypto::Signer> Context::signer_from(const std::string& name, const std::string& help) {
    const auto key = checked(settings_.secret(name, help));
    auto signer = crypto::LocalSigner::from_hex(key.reveal());
    if (!signer) {
        throw CommandRefused(kExitConfig, name + ": " + signer.error().message);
    }
    return std::move(signer).value();
}

const crypto::Signer& Context::wallet() {
    if (!wallet_) {
        wallet_ =
            signer_from("WALLET_PRIVATE_KEY", "the key that pays, confirms, claims, cancels or registers");
    }
    return *wallet_;
}

const crypto::Signer& Context::admin() {
    if (!admin_) {
        admin_ = signer_from("ADMIN_WALLET_PRIVATE_KEY", "the key that deploys and owns the contracts");
    }
    return *admin_;
}

}  // namespace lamda::cli
