// Real servers, private, on free ports of 127.0.0.1, each with its own data folder. The constructor waits for
// readiness (std::runtime_error with the log's last lines). A restart keeps the port.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "testkit/process.hpp"

namespace lamda::testkit {

/// PostgreSQL: a new cluster with trust on loopback, fsync off unless durable.
class PostgresServer {
  public:
    /// @param dir a cluster that is there is used again. A new one in a TempDir lasts as long as this object,
    /// unless durable
    /// @param settings `name=value`, overriding the defaults for tests
    explicit PostgresServer(const std::string& dir, bool durable = false,
                            std::vector<std::string> settings = {});
    ~PostgresServer();
    /// postgres://…/<database>; create_database() creates a new, empty one.
    std::string dsn(const std::string& database = "postgres") const;
    std::string create_database(const std::string& name);
    void drop_database(const std::string& name);
    int port() const;
    void stop();  ///< fast shutdown
    void kill();  ///< SIGKILL of all processes
    void start();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// nats-server with JetStream, file storage.
class NatsServer {
  public:
    /// Without users: all permissions for every client.
    explicit NatsServer(const std::string& dir);
    /// With deploy/nats/nats.conf and an account for each address.
    NatsServer(const std::string& dir, const std::vector<std::string>& providers);
    ~NatsServer();
    /// URL of a user with all permissions in the account of the streams.
    std::string url() const;
    /// URL with the login of a role (`dispatcher`, …) or of a provider's address. @throws std::out_of_range
    std::string url(const std::string& user) const;
    void stop();
    void kill();
    void start();
    /// Deletes all streams and consumers. The server must be stopped.
    void erase_store();
    /// Folder of the store. The server must be stopped while its files are changed.
    std::string store_dir() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

struct AnvilConfig {
    ChainId chain_id{31337};
    double block_time = 0;                                     ///< seconds; 0: one block per transaction
    unsigned slots_in_an_epoch = 1;                            ///< finalized = head − 2 × this
    std::optional<std::uint64_t> genesis_time = std::nullopt;  ///< seconds since 1970; absent: now
    std::string hardfork{};                                    ///< anvil's name of it; empty: its newest
    /// Number of old blocks' states kept on disk; absent: all, some hundred KB each.
    std::optional<unsigned> old_states = std::nullopt;
};

/// anvil's platform binary (from the locked npm package). Accounts: the well-known test mnemonic.
class Anvil {
  public:
    Anvil(const std::string& dir, AnvilConfig config);
    ~Anvil();
    std::string url() const;
    void stop();
    void kill();
    /// Starts again with the state saved by stop().
    void start();
    /// JSON-RPC by name: `anvil_mine`, `anvil_reorg`, …; returns the result as JSON text.
    std::string call(const std::string& method, const std::string& params_json);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Private key (hex) of the n-th account (0 … 9) of the mnemonic "test test … junk".
std::string dev_key(std::size_t n);

/// A private Docker engine: own data-root and socket, no iptables, no bridge, vfs; image lamda/busybox:1.35
/// imported.
class DockerEngine {
  public:
    explicit DockerEngine(const std::string& dir);
    ~DockerEngine();
    std::string host() const;  ///< unix:///…/docker.sock
    void stop();
    void kill();  ///< SIGKILL of the engine and of all its containers, as when the machine loses power
    void start();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The content store of the local network: tools/devnet/content-store.mjs.
class ContentStore {
  public:
    explicit ContentStore(const std::string& dir);
    ~ContentStore();
    std::string url() const;
    void stop();
    void start();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::testkit
