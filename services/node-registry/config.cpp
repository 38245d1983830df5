#include "services/node-registry/config.hpp"

#include "runtime/server_settings.hpp"
#include "services/node-registry/credentials/issuer_settings.hpp"

namespace lamda::registry {

Config read_config(runtime::Settings& settings) {
    Config out;
    out.database_url = runtime::read_database_url(settings);
    out.nats_url = runtime::read_nats_url(settings);
    out.nats_login = runtime::read_nats_login(settings);
    out.opbnb = streamrunner::read_opbnb(settings);
    out.reading = streamrunner::read_reading(settings, {&out.opbnb});
    out.offline_after = settings.duration(
        "NODE_OFFLINE_AFTER", "a node is offline this long after its last heartbeat on the bus", "90s");
    out.issuer = read_issuer(settings, out.nats_url);
    return out;
}

}  // namespace lamda::registry
