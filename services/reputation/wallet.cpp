#include "wallet.hpp"

#include <fstream>
#include <iterator>

#include "runtime/app.hpp"

namespace lamda::reputation {

namespace {

std::string contents(const std::string& setting, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw runtime::ConfigError(setting + ": the file cannot be read");
    }
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::unique_ptr<crypto::Signer> open_wallet(const Config& config) {
    if (!config.private_key.empty()) {
        auto signer = crypto::LocalSigner::from_hex(config.private_key.reveal());
        if (!signer) {
            throw runtime::ConfigError("ADMIN_WALLET_PRIVATE_KEY: " + signer.error().message);
        }
        return std::move(signer).value();
    }
    auto password = contents("ADMIN_WALLET_KEYSTORE_PASSWORD_FILE", config.keystore_password_file);
    if (const auto end = password.find_first_of("\r\n"); end != std::string::npos) {
        password.resize(end);
    }
    auto signer =
        crypto::open_key_file(contents("ADMIN_WALLET_KEYSTORE_FILE", config.keystore_file), password);
    if (!signer) {
        throw runtime::ConfigError("ADMIN_WALLET_KEYSTORE_FILE: " + signer.error().message);
    }
    return std::move(signer).value();
}

}  // namespace lamda::reputation
