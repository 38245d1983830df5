#include "wallet/wallet.hpp"

#include <sys/stat.h>

#include "net/http_client.hpp"
#include "wallet/detail/remote_signer.hpp"

namespace lamda::wallet {

namespace {

using runtime::Secret;

/// True if users who are neither the owner nor in the group can read or write the file.
bool others_may_use(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IROTH | S_IWOTH)) != 0;
}

std::string joined(const std::vector<std::string>& names, const std::string& between) {
    std::string out;
    for (const auto& name : names) {
        out += (out.empty() ? "" : between) + name;
    }
    return out;
}

enum class Remote { kNo, kOffered };

class Reader {
  public:
    Reader(runtime::Settings& settings, const WalletNames& names, Remote remote)
        : settings_(settings),
          offers_(remote),
          key_(names.prefix + "_PRIVATE_KEY"),
          key_file_(key_ + "_FILE"),
          keystore_(names.prefix + "_KEYSTORE_FILE"),
          password_(names.prefix + "_KEYSTORE_PASSWORD_FILE"),
          address_(names.prefix + "_ADDRESS"),
          url_(names.prefix + "_SIGNER_URL"),
          key_credential_(names.credential + "-key"),
          keystore_credential_(names.credential + "-keystore"),
          password_credential_(names.credential + "-keystore-password"),
          whose_(names.whose) {}

    Wallet read() {
        note(key_, settings_.is_set(key_));
        note(key_file_, settings_.is_set(key_file_));
        const Secret key =
            settings_.secret(key_, whose_ + ", 64 hex digits; or the credential " + key_credential_, false);
        const auto keystore = settings_.maybe_text(
            keystore_, "or its key file (Web3 Secret Storage 3); or the credential " + keystore_credential_);
        const auto password = settings_.maybe_text(password_, "the file that holds the key file's password");
        note(keystore_, keystore.has_value());
        const auto credential = settings_.credential(key_credential_);
        const auto credential_file = settings_.credential(keystore_credential_);
        note("the credential " + key_credential_, credential.has_value());
        note("the credential " + keystore_credential_, credential_file.has_value());
        if (offers_ == Remote::kOffered) {
            remote_url_ = settings_.maybe_text(url_, "or a remote signer (Web3Signer's eth1 interface)");
            note(url_, remote_url_.has_value());
        }
        read_address();
        const bool allowed = settings_.boolean(
            "ALLOW_ENV_KEY", "in production: allow a private key in the environment", false);
        if (!one_source(password.has_value())) {
            return {};
        }
        if (found_.front() == key_ && in_production() && !allowed) {
            settings_.mistake(key_,
                              "a private key in the environment is refused in production: put it into a file "
                              "that only this service can read and set " +
                                  key_file_ + ", or give it as the credential " + key_credential_ +
                                  "; ALLOW_ENV_KEY=true permits it");
            return {};
        }
        if (remote_url_) {
            return remote();
        }
        check_permissions(password);
        if (credential) {
            return local(key_credential_, from_hex(key_credential_, trimmed(first_line(*credential))));
        }
        if (credential_file) {
            return local(keystore_credential_,
                         from_key_file(keystore_credential_, credential_file, password_credential_,
                                       settings_.credential(password_credential_)));
        }
        if (keystore) {
            return local(keystore_, from_key_file(keystore_, runtime::read_secret_file(*keystore), password_,
                                                  runtime::read_secret_file(password.value_or(""))));
        }
        const auto& source = found_.front();
        return local(source, key.empty() ? nullptr : from_hex(source, key));
    }

  private:
    using Signer = std::unique_ptr<crypto::LocalSigner>;

    void note(const std::string& source, bool set) {
        if (set) {
            found_.push_back(source);
        }
    }

    void read_address() {
        const auto text = settings_.maybe_text(address_, "the wallet's address; selects or verifies the key");
        if (!text) {
            return;
        }
        if (const auto parsed = Address::parse(*text)) {
            wanted_ = *parsed;
        } else {
            settings_.mistake(address_, "is not an address: use 0x and 40 hex digits");
        }
    }

    bool in_production() { return settings_.environment() == "production"; }

    /// Refuses a key file that other users can use, and in production also a password file.
    void check_permissions(const std::optional<std::string>& password) {
        if (found_.front() == key_file_) {
            refuse_others(key_file_, settings_.maybe_text(key_file_, "").value_or(""));
        }
        if (password && in_production()) {
            refuse_others(password_, *password);
        }
    }

    void refuse_others(const std::string& name, const std::string& path) {
        if (others_may_use(path)) {
            settings_.mistake(name,
                              "names a file that every user of this machine can use: run chmod 0600 on it");
        }
    }

    bool one_source(bool has_password) {
        if (found_.empty()) {
            std::vector<std::string> ways = {key_file_, keystore_ + " and " + password_,
                                             "the credential " + key_credential_};
            if (offers_ == Remote::kOffered) {
                ways.push_back(url_ + " and " + address_);
            }
            settings_.mistake(key_, "is required, or alternatively " + joined(ways, ", or "));
        } else if (found_.size() > 1) {
            settings_.mistake(key_, "the key is set more than once: keep one of " + joined(found_, ", "));
        } else if (has_password != (found_.front() == keystore_)) {
            settings_.mistake(password_, "must be set together with " + keystore_);
        } else {
            return true;
        }
        return false;
    }

    Wallet remote() {
        if (!remote_url_->starts_with("http://") && !remote_url_->starts_with("https://")) {
            settings_.mistake(url_, "must be an http:// or https:// URL");
        }
        if (!wanted_) {
            settings_.mistake(address_, "is required with " + url_ + ": it selects the key");
            return {};
        }
        return {std::make_shared<RemoteSigner>(*remote_url_, *wanted_, std::make_shared<net::HttpClient>()),
                url_};
    }

    Wallet local(const std::string& source, Signer signer) {
        if (signer && wanted_ && *wanted_ != signer->address()) {
            settings_.mistake(address_,
                              "the key of " + source + " has the address " + signer->address().hex());
        }
        return {std::move(signer), source};
    }

    Signer from_hex(const std::string& source, const Secret& hex) {
        auto signer = crypto::LocalSigner::from_hex(hex.reveal());
        if (!signer) {
            settings_.mistake(source, signer.error().message);
            return nullptr;
        }
        return std::move(signer).value();
    }

    Signer from_key_file(const std::string& file_name, const std::optional<Secret>& file,
                         const std::string& password_name, const std::optional<Secret>& password) {
        if (!file) {
            settings_.mistake(file_name, "names a file that cannot be read");
        }
        if (!password) {
            settings_.mistake(password_name, "names a file that cannot be read");
        }
        if (!file || !password) {
            return nullptr;
        }
        auto signer = crypto::open_key_file(file->reveal(), first_line(*password).reveal());
        if (signer) {
            return std::move(signer).value();
        }
        if (signer.error().code == "wrong_password") {
            settings_.mistake(password_name, "the password does not open the key file");
        } else {
            const auto& where = signer.error().where;
            settings_.mistake(file_name, "is not a usable key file (Web3 Secret Storage 3): " +
                                             (where.empty() ? "" : where + ": ") + signer.error().message);
        }
        return nullptr;
    }

    runtime::Settings& settings_;
    Remote offers_;
    std::string key_;
    std::string key_file_;
    std::string keystore_;
    std::string password_;
    std::string address_;
    std::string url_;
    std::string key_credential_;
    std::string keystore_credential_;
    std::string password_credential_;
    std::string whose_;
    std::vector<std::string> found_;  ///< sources that are set
    std::optional<std::string> remote_url_;
    std::optional<Address> wanted_;
};

}  // namespace

Wallet read_local_wallet(runtime::Settings& settings, const WalletNames& names) {
    return Reader(settings, names, Remote::kNo).read();
}

Wallet read_wallet(runtime::Settings& settings, const WalletNames& names) {
    return Reader(settings, names, Remote::kOffered).read();
}

}  // namespace lamda::wallet
