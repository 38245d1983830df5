// Sends accounts to the bus that are owed: after an order of the operator, after a rotation of keys,
// and revocations again and again.
#pragma once

#include <optional>
#include <stop_token>

#include "services/node-registry/credentials/account_publisher.hpp"
#include "telemetry/log.hpp"

namespace lamda::registry {

/// A revocation that has vanished from the bus is back after this time.
inline constexpr Millis kSendAgain{300'000};

class AccessLoop {
  public:
    AccessLoop(store::Database& database, AccountPublisher& accounts, const Clock& clock, telemetry::Log log);
    /// Makes revocations owed again at the first call, after each connect to the server and every
    /// kSendAgain: its folder may be of an earlier day, and an earlier state of an account may arrive late.
    void owe_again();
    /// Sends every owed account once; one that fails does not delay the others. Returns their number.
    /// @throws as AccountPublisher::push, at the end; those sent are recorded
    std::size_t push_owed();
    /// Until stopped: owe_again() and push_owed() every half second.
    void run(const std::stop_token& stop);

  private:
    void push(const Address& provider);

    store::Database& database_;
    AccountPublisher& accounts_;
    const Clock& clock_;
    telemetry::Log log_;
    std::optional<std::uint64_t>
        connects_;  ///< AccountPublisher::connects() when revocations were owed again
    Steady again_at_{};
};

}  // namespace lamda::registry
