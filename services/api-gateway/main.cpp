// lamda-api-gateway: answers everybody's questions over REST.
#include "api.hpp"
#include "market_record.hpp"
#include "runtime/app.hpp"
#include "runtime/readiness.hpp"

using namespace lamda;

namespace {

constexpr std::size_t kConnections = 8;

int serve(runtime::App& app, const gateway::Config& config) {
    store::Database database(config.database_url.reveal(), "lamda-api-gateway", kConnections);
    bus::Bus bus(config.nats_url.reveal(), "lamda-api-gateway", app.log());
    runtime::prepare_database(app, database, app.config().migrate_on_start);
    const runtime::Identity identity(app, database, {gateway::identity_of(config)});
    runtime::watch_bus(app, bus);

    const gateway::Parts parts{config, database, bus, app.health()};
    http::ServerConfig settings;
    settings.bind_address = app.config().bind_address;
    settings.port = config.port;
    settings.max_body = 256U << 10;
    settings.cors_origins = config.cors_origins;
    http::Server server(settings, app.log(), app.metrics());
    gateway::add_routes(server, parts);
    const int port = server.start();
    app.log().info("REST interface", {{"address", settings.bind_address}, {"port", port}});
    app.at_stop([&server] { server.stop(); });
    return app.run();
}

}  // namespace

int main(int argc, char** argv) {
    return runtime::service_main<gateway::Config>(argc, argv, "lamda-api-gateway",
                                                  "Serves nodes, jobs and reputation over REST.",
                                                  gateway::read_config, serve);
}
