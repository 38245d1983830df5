// Test scene: the gateway's routes on a real PostgreSQL and NATS, with an HTTP client.
#pragma once

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "net/http_client.hpp"
#include "services/api-gateway/feed/feed_reader.hpp"
#include "services/api-gateway/routes/api.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/patience.hpp"
#include "testkit/servers.hpp"
#include "wire/documents/receipt.hpp"

namespace lamda::gateway {

using nlohmann::json;

const auto kRenter = Address::parse("0x15d34aaf54267db7d7c367839aaf71a00a2c6a65").value();
const auto kProvider = Address::parse("0x90f79bf6eb2c4f870365e785982e1f101e93b906").value();

/// The only allowed origin.
constexpr auto kOrigin = "https://app.example";

inline Config config() {
    Config out;
    out.cors_origins = {kOrigin};
    out.operator_token = runtime::Secret("operator-token");
    out.chain_id = ChainId{97};
    out.job_manager = Address::parse("0xd9264b533dd53198c7ae345c6afe8ef054303b53").value();
    return out;
}

inline http::ServerConfig server_config(MemoryBudget& memory) {
    http::ServerConfig out;
    out.memory = &memory;
    out.cors_origins = {kOrigin};
    out.validators = true;
    out.compression = true;
    // No client is late, however slow the machine is.
    out.read_timeout_ms = 600'000;
    out.write_timeout_ms = 600'000;
    return out;
}

struct Answer {
    int status;
    json body;
    net::HttpResponse raw;
};

inline Bytes32 bytes_of(unsigned n) {
    Bytes32 id;
    id.array()[31] = static_cast<std::uint8_t>(n);
    return id;
}
inline std::string id_of(unsigned n) {
    return bytes_of(n).hex();
}

struct Gateway {
    explicit Gateway(const Config& with = config(), FeedHub::Limits feed_limits = {})
        : dir("gateway"),
          postgres(dir.path() + "/pg"),
          nats(dir.path() + "/nats"),
          settings(with),
          database(testkit::migrated_database(postgres, kDatabase, "postgres"), "test", 2),
          served(testkit::role_dsn(postgres, kDatabase, store::kGatewayRole), "gateway", 2),
          bus(nats.url(), "test", telemetry::Log::none()),
          followers(served, clock, telemetry::Log::none(), metrics),
          contract_wallets(settings.bsc_rpc_urls, clock, telemetry::Log::none(), to_stores,
                           testkit::kCallTimeout),
          feed(feed_limits, metrics),
          parts{settings, served,           bus,      health, memory,   followers, inputs, rates,
                tokens,   contract_wallets, sign_ins, feed,   sessions, downloads, uploads},
          server(server_config(memory), clock, telemetry::Log::none(), metrics) {
        record_deployment(ChainId{97}, settings.job_manager);
        for (const char* name : {"postgres", "schema", "nats"}) {
            health.set(name, true);
        }
        add_routes(server, parts);
        port = server.start();
        REQUIRE(testkit::wait_until([&] { return bus.connected() && feed.newest(); }));
    }

    static constexpr auto kDatabase = "gateway";

    Answer send(const std::string& method, const std::string& path, const std::string& body = "",
                const net::Headers& headers = {}) {
        net::HttpRequest request;
        request.method = method;
        request.url = "http://127.0.0.1:" + std::to_string(port) + path;
        request.body = body;
        request.headers = headers;
        request.headers.emplace_back("Content-Type", "application/json");
        request.timeout = testkit::kCallTimeout;
        auto raw = client.send(request);
        return {raw.status, json::parse(raw.body, nullptr, false), raw};
    }
    Answer get(const std::string& path) { return send("GET", path); }

    /// Records chain and contract, as the dispatcher's stream does at its start.
    void record_deployment(ChainId chain, const Address& contract) {
        database.transact([&](store::Txn& txn) {
            txn.exec(
                "INSERT INTO chain.cursor (stream, chain_id, contracts, number, hash) "
                "VALUES ('dispatcher:bsc', $1, $2, 1, $3) ON CONFLICT (stream) DO UPDATE SET "
                "chain_id = excluded.chain_id, contracts = excluded.contracts",
                {chain.value, contract, bytes_of(1)});
        });
    }
    void add_job(unsigned n, const std::string& status = "assigned") {
        database.transact([&](store::Txn& txn) {
            Bytes32 id;
            id.array()[31] = static_cast<std::uint8_t>(n);
            txn.exec(
                "INSERT INTO dispatch.job (id, renter, provider, payment, block_num, block_hash, log_index, "
                "tx_hash, "
                "chain_state, work_state, status, attempt, tries, created_at, updated_at, work_since, "
                "spec_cid, last_event) "
                "VALUES ($1::bytea, $2::bytea, $3::bytea, 340282366920938463463374607431768211456, "
                "$4::bigint, $1::bytea, "
                "$5::int, $1::bytea, 'created', 'assigned', $6, 1, 1, now(), now(), now(), 'bafk', 0)",
                {id, kRenter, kProvider, std::int64_t{100 + n / 3}, static_cast<int>(n % 3), status});
        });
    }
    /// Adds a receipt of kProvider, without checks.
    void add_receipt(unsigned n) {
        wire::SignedReceipt receipt;
        receipt.receipt.job_id = bytes_of(n).as<JobId>();
        receipt.receipt.attempt = 1;
        receipt.signature.r = bytes_of(1);
        receipt.signature.s = bytes_of(1);
        receipt.chain_id = ChainId{97};
        receipt.provider = kProvider;
        database.transact([&](store::Txn& txn) {
            txn.exec("INSERT INTO dispatch.receipt (job_id, provider, document) VALUES ($1, $2, $3)",
                     {bytes_of(n), kProvider, wire::to_json(receipt)});
        });
    }
    void add_node_key(const Address& address, const Bytes& key) {
        database.transact([&](store::Txn& txn) {
            txn.exec("INSERT INTO registry.node_key (provider, public_key) VALUES ($1, $2)", {address, key});
        });
    }
    void add_node(unsigned n, const std::string& vram) {
        Address address;
        address.array()[19] = static_cast<std::uint8_t>(n);
        add_node(address, vram);
    }
    void add_node(const Address& address, const std::string& vram = "0") {
        database.transact([&](store::Txn& txn) {
            txn.exec(
                "INSERT INTO registry.node (provider, is_registered, gpu_model, vram, job_count, last_seen, "
                "created_at, "
                "updated_at) VALUES ($1::bytea, true, 'A100', $2::numeric, 3, now(), '2026-01-01', now())",
                {address, vram});
        });
    }
    /// Adds a job of kProvider that is confirmed on BSC.
    void confirm_job(unsigned n) {
        database.transact([&](store::Txn& txn) {
            txn.exec(
                "INSERT INTO reputation.job (job_id, provider, block_num) VALUES ($1::bytea, $2::bytea, $3)",
                {bytes_of(n), kProvider, std::int64_t{100 + n / 3}});
            txn.exec(
                "INSERT INTO reputation.confirmation (job_id, block_num, block_hash, log_index, tx_hash) "
                "VALUES ($1::bytea, 200, $1::bytea, 0, $1::bytea)",
                {bytes_of(n)});
        });
    }

    testkit::TempDir dir;
    testkit::PostgresServer postgres;
    testkit::NatsServer nats;
    Config settings;
    store::Database database;  ///< of the test, as superuser
    store::Database served;    ///< of the gateway, with its role
    bus::Bus bus;
    telemetry::Health health;
    telemetry::Metrics metrics;
    MemoryBudget memory{64U << 20};
    SystemClock clock;
    LogFollowers followers;
    net::HttpClient to_stores;
    ipfs::ContentStore content{{settings.ipfs_api_url, settings.ipfs_gateways, "", testkit::kCallTimeout},
                               to_stores};
    bool has_store = !settings.ipfs_api_url.empty() || !settings.ipfs_gateways.empty();
    FakeClock clock_of_lookups{SystemClock().now()};
    InputLookup inputs{has_store ? &content : nullptr, clock_of_lookups};
    Downloads downloads{has_store ? &content : nullptr, settings.trusted_proxies, telemetry::Log::none()};
    Uploads uploads{settings.ipfs_api_url.empty() ? nullptr : &content};
    FakeClock clock_of_rates{
        SystemClock().now()};  ///< does not run: a test that sends many requests does not wait
    RateLimits rates{settings.rates, clock_of_rates};
    TokenGuard tokens{clock, telemetry::Log::none()};
    ContractWallets contract_wallets;
    ClientShares sign_ins{clock_of_lookups, kSignInBurst, kSignInsPerSecond};
    FeedHub feed;
    FeedReader feed_reader{served, feed, clock, telemetry::Log::none()};
    WebSocketSessions sessions;
    Parts parts;
    http::Server server;
    net::HttpClient client;
    int port = 0;
    std::jthread reading{[this](const std::stop_token& stop) { feed_reader.run(stop); }};
    std::jthread answering{[this](const std::stop_token& stop) { sessions.run(parts, stop); }};
    std::vector<std::jthread> downloading = [this] {
        std::vector<std::jthread> out;
        for (std::size_t i = 0; i < Downloads::kMost; ++i) {
            out.emplace_back([this](const std::stop_token& stop) { downloads.run(stop); });
        }
        return out;
    }();
    std::jthread following{[this](const std::stop_token& stop) { followers.run(stop); }};
};

}  // namespace lamda::gateway
