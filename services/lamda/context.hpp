// What commands need from the environment, made when first asked for: a command that reads only the chains
// never touches the database or the gateway.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "crypto/signer.hpp"
#include "eth/rpc_client.hpp"
#include "net/http_client.hpp"
#include "runtime/settings.hpp"

namespace lamda::cli {

/// A wrong argument or setting: exit status 78 for settings, 2 for arguments.
class Refused : public std::runtime_error {
  public:
    Refused(int status, const std::string& what) : std::runtime_error(what), status_(status) {}
    int status() const { return status_; }

  private:
    int status_;
};

class Context {
  public:
    explicit Context(bool json) : json_(json), settings_(runtime::Settings::from_environment()) {}

    bool json() const { return json_; }
    eth::Rpc& bsc();    ///< BSC_RPC_URL (the first of the list)
    eth::Rpc& opbnb();  ///< OPBNB_RPC_URL
    Address job_manager();
    Address node_reputation();
    std::string database_url();
    std::string gateway_url();  ///< LAMDA_API_URL, else http://127.0.0.1:<API_PORT>
    net::HttpClient& http() { return http_; }
    /// WALLET_PRIVATE_KEY[_FILE]: who pays, confirms, claims, registers.
    const crypto::Signer& wallet();
    /// ADMIN_WALLET_PRIVATE_KEY[_FILE]: who deploys and owns.
    const crypto::Signer& admin();

  private:
    /// The value, or Refused with every mistake noted so far.
    template <class T>
    T checked(T value);
    std::unique_ptr<crypto::Signer> signer_from(const std::string& name, const std::string& help);

    bool json_;
    runtime::Settings settings_;
    net::HttpClient http_;
    std::unique_ptr<eth::Rpc> bsc_;
    std::unique_ptr<eth::Rpc> opbnb_;
    std::unique_ptr<crypto::Signer> wallet_;
    std::unique_ptr<crypto::Signer> admin_;
};

/// A command-line argument that must parse. @throws Refused(2)
template <class T>
T argument(Result<T> result, const std::string& name) {
    if (!result) {
        throw Refused(2, name + ": " + result.error().message);
    }
    return std::move(result).value();
}

}  // namespace lamda::cli
