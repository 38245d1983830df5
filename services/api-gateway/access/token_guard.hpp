// Counts and logs wrong operator tokens for each client, and makes a client with too many wait.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "core/clock.hpp"
#include "telemetry/log.hpp"

namespace lamda::gateway {

/// Thread-safe.
class TokenGuard {
  public:
    static constexpr int kFreeTries = 5;
    static constexpr Millis kWindow{60'000};
    /// Limit of counted clients; above it the client whose window ends first is dropped.
    static constexpr std::size_t kMostClients = 10'000;

    TokenGuard(const Clock& clock, telemetry::Log log) : clock_(clock), log_(std::move(log)) {}
    /// Returns the seconds until this client's next token is checked; 0: now.
    int wait_for(const std::string& client);
    /// Counts and logs a wrong token.
    void wrong(const std::string& client, const std::string& request_id);

  private:
    struct Tries {
        int wrong = 0;
        Steady until{};
    };
    void forget_old(Steady now);

    const Clock& clock_;
    telemetry::Log log_;
    std::mutex mutex_;
    std::map<std::string, Tries> clients_;
};

}  // namespace lamda::gateway
