#include "bus/login_check.hpp"

#include <nats/nats.h>

#include "bus/detail/connection.hpp"

namespace lamda::bus {

namespace {

natsStatus connect_without_login(const std::string& server) {
    natsOptions* raw = nullptr;
    if (const auto status = natsOptions_Create(&raw); status != NATS_OK) {
        return status;
    }
    const OwnedOptions options(raw);
    natsOptions_SetURL(raw, server.c_str());
    natsOptions_SetName(raw, "lamda-login-check");
    natsOptions_SetTimeout(raw, 2'000);
    natsOptions_SetAllowReconnect(raw, false);
    natsConnection* connection = nullptr;
    const auto status = natsConnection_Connect(&connection, raw);
    natsConnection_Destroy(connection);
    return status;
}

}  // namespace

LoginCheck check_login(const std::string& url) {
    bool asked = false;
    for (const auto& server : servers_of(url).urls) {
        const auto status = connect_without_login(server);
        if (status == NATS_OK) {
            return LoginCheck::kNotAsked;
        }
        asked = asked || status == NATS_CONNECTION_AUTH_FAILED || status == NATS_NOT_PERMITTED;
    }
    return asked ? LoginCheck::kAsked : LoginCheck::kNoAnswer;
}

}  // namespace lamda::bus
