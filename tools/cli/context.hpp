// What commands need from the environment, made when first asked for: a command that reads only the chains
// never touches the database or the gateway.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "crypto/signer.hpp"
#include "eth/rpc_client.hpp"
#include "net/http_client.hpp"
#include "rpcpool/multi_rpc.hpp"
#include "runtime/exit_status.hpp"
#include "runtime/settings.hpp"
#include "store/database.hpp"

namespace lamda::cli {

using runtime::kExitConfig;
using runtime::kExitUsage;
/// Of what reads the database: it could not be read.
constexpr int kExitUnread = 2;

/// A wrong argument or setting: exit status 78 for settings, 2 for arguments.
class CommandRefused : public std::runtime_error {
  public:
    CommandRefused(int status, const std::string& what) : std::runtime_error(what), status_(status) {}
    int status() const { return status_; }

  private:
    int status_;
};

class Context {
  public:
    /// Takes every secret out of this process's environment: those that a command may ask for are kept in
    /// memory until then. While there is one thread only.
    /// @param file settings for what the environment does not set
    explicit Context(bool json, runtime::EnvFile file = {});

    bool json() const { return json_; }
    eth::Rpc& bsc();    ///< BSC_RPC_URL: every endpoint of the list, the next one when one fails
    eth::Rpc& opbnb();  ///< OPBNB_RPC_URL
    /// All endpoints of a list, behind one interface.
    std::unique_ptr<rpcpool::MultiRpc> connect(const std::vector<std::string>& urls);
    std::vector<std::string> urls(const std::string& setting);
    /// absent: not set
    std::optional<std::vector<std::string>> maybe_urls(const std::string& setting);
    std::optional<BlockNum> maybe_block(const std::string& setting);
    Address job_manager();
    Address node_reputation();
    std::string database_url();
    /// DATABASE_URL, by one connection. @param who shown in pg_stat_activity
    std::unique_ptr<store::Database> database(const std::string& who);
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
    SystemClock clock_;
    runtime::Settings settings_;
    net::HttpClient http_;
    std::unique_ptr<eth::Rpc> bsc_;
    std::unique_ptr<eth::Rpc> opbnb_;
    std::unique_ptr<crypto::Signer> wallet_;
    std::unique_ptr<crypto::Signer> admin_;
};

/// What reads the database. @throws Refused(kExitUnread)
template <class F>
auto or_unread(F&& read) {
    try {
        return read();
    } catch (const std::exception& error) {
        throw CommandRefused(kExitUnread, error.what());
    }
}

/// A command-line argument that must parse. @throws Refused(kExitUsage)
template <class T>
T argument(Result<T> result, const std::string& name) {
    if (!result) {
        throw CommandRefused(kExitUsage, name + ": " + result.error().message);
    }
    return std::move(result).value();
}

}  // namespace lamda::cli
