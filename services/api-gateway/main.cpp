// Entry point of lamda-api-gateway: reads the settings, connects the adapters, starts the REST server.
#include <algorithm>
#include <thread>

#include "http/socket_limit.hpp"
#include "ipfs/lookup_config.hpp"
#include "net/http_client.hpp"
#include "runtime/app.hpp"
#include "runtime/readiness.hpp"
#include "services/api-gateway/feed/feed_reader.hpp"
#include "services/api-gateway/routes/api.hpp"
#include "services/api-gateway/routes/recorded_deployment.hpp"
#include "store/role_privileges.hpp"

using namespace lamda;

namespace {

constexpr std::size_t kConnections = 8;
/// The gateway's statements read pages by indexes; a slower one is aborted.
constexpr store::SessionLimits kLimits{Millis(5'000), true};
/// For one block of a file: from one store, and from all.
constexpr Millis kBlockTimeout{15'000};
constexpr Millis kLongestBlock{20'000};
/// Most of them are idle listeners of the live feed.
constexpr std::size_t kMostSockets = 16'000;

int serve(runtime::App& app, const gateway::Config& config) {
    store::Database database(config.database_url.reveal(), "lamda-api-gateway", kConnections, kLimits);
    bus::Bus bus(config.nats_url.reveal(), "lamda-api-gateway", app.log(), config.nats_login);
    runtime::prepare_database(app, database, app.config().migrate_on_start, store::kGatewayRole);
    const runtime::Identity identity(app, database, {gateway::identity_of(config)});
    runtime::watch_bus(app, bus, config.nats_url);

    MemoryBudget memory(config.answer_bytes);
    const SystemClock clock;
    gateway::LogFollowers followers(database, clock, app.log(), app.metrics());
    gateway::FeedHub::Limits feed_limits;
    feed_limits.proxies = config.trusted_proxies;
    gateway::FeedHub feed(feed_limits, app.metrics());
    gateway::FeedReader feed_reader(database, feed, clock, app.log());
    gateway::WebSocketSessions sessions;
    net::HttpClient http;
    ipfs::ContentStore content(ipfs::lookup_config(config.ipfs_api_url, config.ipfs_gateways), http);
    const bool has_store = !config.ipfs_api_url.empty() || !config.ipfs_gateways.empty();
    gateway::InputLookup inputs(has_store ? &content : nullptr, clock);
    ipfs::ContentStore files({config.ipfs_api_url, config.ipfs_gateways, "", kBlockTimeout, kLongestBlock},
                             http);
    gateway::Downloads downloads(has_store ? &files : nullptr, config.trusted_proxies, app.log());
    gateway::Uploads uploads(config.ipfs_api_url.empty() ? nullptr : &files);
    gateway::RateLimits rates(config.rates, clock);
    gateway::TokenGuard tokens(clock, app.log());
    gateway::ContractWallets contract_wallets(config.bsc_rpc_urls, clock, app.log(), http);
    gateway::ClientShares sign_ins(clock, gateway::kSignInBurst, gateway::kSignInsPerSecond);
    const gateway::Parts parts{config,   database,  bus,     app.health(),     memory,   followers,
                               inputs,   rates,     tokens,  contract_wallets, sign_ins, feed,
                               sessions, downloads, uploads, app.log()};
    http::ServerConfig settings;
    settings.bind_address = app.config().bind_address;
    settings.port = config.port;
    settings.max_body = 256U << 10;
    settings.memory = &memory;
    settings.most_connections = http::sockets_possible(kMostSockets);
    settings.most_of_address = settings.most_connections / 8;
    settings.most_large = std::clamp<std::size_t>(std::thread::hardware_concurrency() / 2, 1, 4);
    settings.trusted_proxies = config.trusted_proxies;
    settings.cors_origins = config.cors_origins;
    settings.validators = true;
    settings.compression = true;
    http::Server server(settings, clock, app.log(), app.metrics());
    gateway::add_routes(server, parts);
    const int port = server.start();
    app.log().info("REST server started", {{"address", settings.bind_address}, {"port", port}});
    app.loop("feed", [&](const std::stop_token& stop) { feed_reader.run(stop); });
    for (const char* name : {"feed_requests_1", "feed_requests_2"}) {
        app.loop(name, [&](const std::stop_token& stop) { sessions.run(parts, stop); });
    }
    for (std::size_t i = 1; i <= gateway::Downloads::kMost; ++i) {
        app.loop("downloads_" + std::to_string(i), [&](const std::stop_token& stop) { downloads.run(stop); });
    }
    app.loop("log_followers", [&](const std::stop_token& stop) { followers.run(stop); });
    app.at_stop([&] {
        inputs.stop();
        downloads.stop();
        uploads.stop();
        server.stop();
    });
    return app.run();
}

}  // namespace

int main(int argc, char** argv) {
    return runtime::service_main<gateway::Config>(argc, argv, "lamda-api-gateway",
                                                  "Serves nodes, jobs and reputation over REST.",
                                                  gateway::read_config, serve);
}
