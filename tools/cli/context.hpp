// Settings, keys and clients of a command, created on first use: a command that reads only the chains
// does not touch the database or the gateway.
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
#include "terminal/screen.hpp"

namespace lamda::cli {

using runtime::kExitConfig;
using runtime::kExitUsage;
/// Exit status if the database cannot be read.
constexpr int kExitUnread = 2;

/// A wrong argument or setting: exit status 78 for settings, 2 for arguments.
class CommandRefused : public std::runtime_error {
  public:
    CommandRefused(int status, const std::string& what) : std::runtime_error(what), status_(status) {}
    int status() const { return status_; }

  private:
    int status_;
};

/// Ends a command after its request to the gateway was printed (--curl).
struct RequestShown {};

class Context {
  public:
    /// Removes every secret from the process's environment; keeps those that a command may need in memory.
    /// Call while the process has one thread.
    /// @param file settings that the environment does not set
    /// @param curl requests to the gateway are printed, and not sent
    explicit Context(bool json, runtime::EnvFile file = {}, bool curl = false);

    bool json() const { return json_; }
    bool curl() const { return curl_; }
    const Clock& clock() const { return clock_; }
    /// Returns the screen behind standard output.
    terminal::Screen screen() const { return terminal::screen_of(1); }
    eth::Rpc& bsc();    ///< BSC_RPC_URL: all endpoints of the list, with failover
    eth::Rpc& opbnb();  ///< OPBNB_RPC_URL
    /// Returns one client for all endpoints of a list.
    std::unique_ptr<rpcpool::MultiRpc> connect(const std::vector<std::string>& urls);
    std::vector<std::string> urls(const std::string& setting);
    /// Absent if the setting is not given.
    std::optional<std::vector<std::string>> maybe_urls(const std::string& setting);
    std::optional<BlockNum> maybe_block(const std::string& setting);
    Address job_manager();
    Address node_reputation();
    std::string database_url();
    /// One connection to DATABASE_URL. @param application name in pg_stat_activity
    std::unique_ptr<store::Database> database(const std::string& application);
    std::string gateway_url();  ///< LAMDA_API_URL; default http://127.0.0.1:<API_PORT>
    net::HttpClient& http() { return http_; }
    /// OPERATOR_TOKEN[_FILE]. @throws CommandRefused(kExitConfig) if it is not set
    std::string operator_token();
    /// WALLET_PRIVATE_KEY[_FILE]: the wallet that pays, confirms, claims, cancels and registers.
    const crypto::Signer& wallet();
    /// ADMIN_WALLET_PRIVATE_KEY[_FILE]: the wallet that deploys and owns the contracts.
    const crypto::Signer& admin();

  private:
    /// Returns the value. @throws CommandRefused with every mistake found so far
    template <class T>
    T checked(T value);
    std::unique_ptr<crypto::Signer> signer_from(const std::string& name, const std::string& help);

    bool json_;
    bool curl_;
    SystemClock clock_;
    runtime::Settings settings_;
    net::HttpClient http_;
    std::unique_ptr<eth::Rpc> bsc_;
    std::unique_ptr<eth::Rpc> opbnb_;
    std::unique_ptr<crypto::Signer> wallet_;
    std::unique_ptr<crypto::Signer> admin_;
};

/// Runs a database read. @throws CommandRefused(kExitUnread)
template <class F>
auto or_unread(F&& read) {
    try {
        return read();
    } catch (const std::exception& error) {
        throw CommandRefused(kExitUnread, error.what());
    }
}

/// Returns the value of a parsed argument. @throws CommandRefused(kExitUsage)
template <class T>
T argument(Result<T> result, const std::string& name) {
    if (!result) {
        throw CommandRefused(kExitUsage, name + ": " + result.error().message);
    }
    return std::move(result).value();
}

}  // namespace lamda::cli
