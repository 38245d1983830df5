// Readiness of the bus (watch_bus, runtime/readiness.hpp).
#include "bus/login_check.hpp"
#include "runtime/readiness.hpp"

namespace lamda::runtime {

namespace {

constexpr Millis kAskAgain{2'000};
/// The check is repeated: a server's configuration can change while it runs.
constexpr Millis kAskLater{3'600'000};

void require_login(const std::stop_token& stop, const Secret& url) {
    auto wait = kAskAgain;
    do {
        switch (bus::check_login(url.reveal())) {
            case bus::LoginCheck::kNotAsked:
                throw ConfigError(
                    "NATS_URL: the server accepts clients without a login, so that any client can send "
                    "commands and "
                    "read messages. In production every client needs a login: use the accounts of "
                    "deploy/nats/nats.conf "
                    "without no_auth_user");
            case bus::LoginCheck::kAsked:
                wait = kAskLater;
                break;
            case bus::LoginCheck::kNoAnswer:
                wait = kAskAgain;
                break;
        }
    } while (pause(stop, wait));
}

}  // namespace

void watch_bus(App& app, bus::Bus& bus, const Secret& url) {
    app.probe("nats", [&bus] {
        if (const auto last_error = bus.last_error(); !last_error.empty()) {
            throw std::runtime_error(last_error);
        }
    });
    if (app.config().environment == "production" && !url.empty()) {
        app.loop("bus_login", [url](const std::stop_token& stop) { require_login(stop, url); });
    }
}

}  // namespace lamda::runtime
