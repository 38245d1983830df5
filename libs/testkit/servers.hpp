// Real servers, private, on free ports of 127.0.0.1, each with its own data folder. All are ready when
// constructed (std::runtime_error with the log's last lines otherwise) and can be stopped and started again
// on the same port.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "testkit/process.hpp"

namespace lamda::testkit {

/// PostgreSQL 15, initdb with trust on loopback, fsync off unless durable.
class PostgresServer {
  public:
    /// @param settings `name=value`, over those that suit a test
    explicit PostgresServer(const std::string& dir, bool durable = false,
                            std::vector<std::string> settings = {});
    ~PostgresServer();
    /// postgres://…/<database>; create_database makes a fresh, empty one.
    std::string dsn(const std::string& database = "postgres") const;
    std::string create_database(const std::string& name);
    void drop_database(const std::string& name);
    int port() const;
    void stop();  ///< fast
    void kill();  ///< SIGKILL of all
    void start();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// nats-server with JetStream, file storage.
class NatsServer {
  public:
    /// Without users: everybody may do everything.
    explicit NatsServer(const std::string& dir);
    /// With deploy/nats/nats.conf and an account for each of the addresses.
    NatsServer(const std::string& dir, const std::vector<std::string>& providers);
    ~NatsServer();
    /// For whoever may do everything where the streams are.
    std::string url() const;
    /// With the login of a role (`dispatcher`, …) or of a provider's address. @throws std::out_of_range
    std::string url(const std::string& user) const;
    void stop();
    void kill();
    void start();
    /// Of a server that does not run: deletes all streams and consumers.
    void erase_store();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

struct AnvilConfig {
    ChainId chain_id{31337};
    double block_time = 0;                                     ///< seconds; 0: a block per transaction
    unsigned slots_in_an_epoch = 1;                            ///< finalized = head − 2 × this
    std::optional<std::uint64_t> genesis_time = std::nullopt;  ///< seconds since 1970; absent: now
    std::string hardfork{};                                    ///< as anvil names it; empty: its newest
    /// States of old blocks that are kept on disk; absent: all, some hundred KB each.
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
    /// Starts again with the state that it was stopped with.
    void start();
    /// JSON-RPC by name: `anvil_mine`, `anvil_reorg`, …; the result as JSON text.
    std::string call(const std::string& method, const std::string& params_json);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Private key (hex) of the n-th account (0 … 9) of the mnemonic "test test … junk".
std::string dev_key(std::size_t n);

/// A Docker engine of its own: data-root, socket, no iptables, no bridge, vfs; image lamda/busybox:1.35
/// imported.
class DockerEngine {
  public:
    explicit DockerEngine(const std::string& dir);
    ~DockerEngine();
    std::string host() const;  ///< unix:///…/docker.sock
    void stop();
    void start();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// tools/devnet/content-store.mjs
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
