// Wrong operator tokens, counted by client: who guesses has to wait, and shows in the log.
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
    /// Clients that are remembered; above it the one whose window ends first is forgotten.
    static constexpr std::size_t kMostClients = 10'000;

    TokenGuard(const Clock& clock, telemetry::Log log) : clock_(clock), log_(std::move(log)) {}
    /// Seconds until this client's next token is looked at; 0: now.
    int wait_for(const std::string& client);
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
