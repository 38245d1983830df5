// Reads a wallet's signer from the settings, so that a wrong password is one mistake among others. Afterwards
// the key is in one place in memory, or in none.
#pragma once

#include <memory>
#include <string>

#include "crypto/signer.hpp"
#include "runtime/settings.hpp"

namespace lamda::wallet {

/// Names of one wallet's settings and credentials.
struct WalletNames {
    std::string prefix;      ///< `ADMIN_WALLET`: ADMIN_WALLET_PRIVATE_KEY, ADMIN_WALLET_KEYSTORE_FILE, …
    std::string credential;  ///< `admin-wallet`: admin-wallet-key, admin-wallet-keystore, …
    std::string whose;       ///< `the admin wallet's key`, for --help
};

struct Wallet {
    std::shared_ptr<const crypto::Signer> signer;  ///< null after a mistake
    std::string source;                            ///< the setting or credential that it was read from
};

/// Reads exactly one of: <PREFIX>_PRIVATE_KEY (64 hex digits; in production only with ALLOW_ENV_KEY), the
/// same with _FILE, <PREFIX>_KEYSTORE_FILE and <PREFIX>_KEYSTORE_PASSWORD_FILE (Web3 Secret Storage 3), the
/// credential <name>-key, the credentials <name>-keystore and <name>-keystore-password. With
/// <PREFIX>_ADDRESS the key must have that address.
Wallet read_local_wallet(runtime::Settings& settings, const WalletNames& names);
/// Also accepts <PREFIX>_SIGNER_URL, with the key selected by <PREFIX>_ADDRESS. Sends no request yet.
Wallet read_wallet(runtime::Settings& settings, const WalletNames& names);

}  // namespace lamda::wallet
