// Asks the chain whether a contract wallet accepts a signature (ERC-1271, ERC-6492).
#pragma once

#include <memory>
#include <semaphore>
#include <vector>

#include "problem/problem.hpp"
#include "rpcpool/multi_rpc.hpp"
#include "services/api-gateway/access/client_shares.hpp"
#include "services/api-gateway/session/wallet_signature.hpp"

namespace lamda::gateway {

/// Sign-ins of one client: at once, and each second.
inline constexpr double kSignInBurst = 30;
inline constexpr double kSignInsPerSecond = 0.1;

/// Answer of one endpoint.
enum class ContractAnswer { kAccepted, kRefused, kOtherChain, kNone };

/// Accepts if more than half of all endpoints accept and none refuses. @throws problem::Problem 503
/// `chain_disputed`, `chain_unavailable`, or `wrong_chain` if every endpoint that answered is on another
/// chain
bool judge_answers(const std::vector<ContractAnswer>& answers);

/// Thread-safe.
class ContractWallets {
  public:
    /// Questions at the same time; each holds a thread of the server, and one for each endpoint.
    static constexpr int kMostAtOnce = 4;
    /// Questions of one client: at once, and each second.
    static constexpr double kBurst = 10;
    static constexpr double kPerSecond = 0.1;
    static constexpr Millis kTimeout{2'000};

    /// @param urls endpoints of the jobs' chain; empty: contract wallets are refused
    /// @param transport must outlive this object  @param timeout of one call
    ContractWallets(const std::vector<std::string>& urls, const Clock& clock, telemetry::Log log,
                    net::Transport& transport, Millis timeout = kTimeout);
    bool configured() const { return !endpoints_.empty(); }
    /// @param client the address that asks  @throws problem::Problem as judge_answers(); 403
    /// `contract_wallet_unsupported` without endpoints, 429 `too_many_sign_ins`, 503 `chain_busy`
    bool accept(const ContractQuestion& question, ChainId chain, const std::string& client);

  private:
    ContractAnswer ask(rpcpool::MultiRpc& endpoint, const Bytes& code);

    std::vector<std::unique_ptr<rpcpool::MultiRpc>> endpoints_;
    telemetry::Log log_;
    ClientShares shares_;
    std::counting_semaphore<kMostAtOnce> slots_{kMostAtOnce};
};

}  // namespace lamda::gateway
