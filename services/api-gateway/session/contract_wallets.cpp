#include "services/api-gateway/session/contract_wallets.hpp"

#include <algorithm>
#include <future>

namespace lamda::gateway {

namespace {

/// Enough to create an account of the largest size and to verify a passkey's signature in it; the loop of a
/// hostile contract ends here.
constexpr std::uint64_t kGas = 15'000'000;
/// Some wallets accept anything in simulations, which they recognise by the zero address as origin.
const Address kOrigin = Address::parse("0x0000000000000000000000000000004c616d6461").value();
constexpr int kRetrySoon = 2;  ///< seconds

problem::Problem unavailable(const char* code, const char* detail) {
    problem::Problem out{503, code, "", detail, {}};
    out.retry_after = kRetrySoon;
    return out;
}

}  // namespace

bool judge_answers(const std::vector<ContractAnswer>& answers) {
    const auto count = [&](ContractAnswer wanted) {
        return static_cast<std::size_t>(std::count(answers.begin(), answers.end(), wanted));
    };
    const auto accepted = count(ContractAnswer::kAccepted);
    const auto refused = count(ContractAnswer::kRefused);
    if (accepted > 0 && refused > 0) {
        throw unavailable("chain_disputed", "the chain's endpoints contradict each other; try again");
    }
    if (2 * accepted > answers.size()) {
        return true;
    }
    if (refused > 0) {
        return false;
    }
    if (accepted == 0 && count(ContractAnswer::kOtherChain) > 0) {
        throw unavailable("wrong_chain", "the endpoints of BSC_RPC_URL are on another chain than the jobs");
    }
    throw unavailable("chain_unavailable", "too few of the chain's endpoints answered; try again");
}

ContractWallets::ContractWallets(const std::vector<std::string>& urls, const Clock& clock, telemetry::Log log,
                                 net::Transport& transport, Millis timeout)
    : log_(std::move(log)), shares_(clock, kBurst, kPerSecond) {
    for (const auto& url : urls) {
        rpcpool::RpcConfig one;
        one.urls = {url};
        one.timeout = timeout;
        endpoints_.push_back(
            std::make_unique<rpcpool::MultiRpc>(one, clock, telemetry::Log::none(), transport));
    }
}

ContractAnswer ContractWallets::ask(rpcpool::MultiRpc& endpoint, const Bytes& code) {
    try {
        eth::CallRequest request;
        request.from = kOrigin;
        request.data = code;
        request.gas = kGas;
        const auto answer = endpoint.call(request, eth::Tag::kLatest);
        if (answer.size() == 1 && answer[0] <= 2) {
            return answer[0] == 1   ? ContractAnswer::kAccepted
                   : answer[0] == 0 ? ContractAnswer::kRefused
                                    : ContractAnswer::kOtherChain;
        }
        log_.warn("signature check: unreadable answer of an endpoint", {{"endpoint", endpoint.name()}});
    } catch (const eth::RpcError& error) {
        if (error.is_revert()) {
            return ContractAnswer::kRefused;
        }
        log_.warn("signature check: endpoint failed",
                  {{"endpoint", endpoint.name()}, {"error", error.what()}});
    } catch (const std::exception& error) {
        log_.warn("signature check: endpoint failed",
                  {{"endpoint", endpoint.name()}, {"error", error.what()}});
    }
    return ContractAnswer::kNone;
}

bool ContractWallets::accept(const ContractQuestion& question, ChainId chain, const std::string& client) {
    if (!configured()) {
        throw problem::Problem{
            403,
            "contract_wallet_unsupported",
            "",
            "the signature is not of the address's key, and this gateway reads no chain (BSC_RPC_URL): "
            "contract wallets cannot sign in",
            {}};
    }
    if (!slots_.try_acquire()) {
        throw unavailable("chain_busy", "too many signatures are being checked; try again");
    }
    struct Slot {
        std::counting_semaphore<kMostAtOnce>& slots;
        ~Slot() { slots.release(); }
    } const slot{slots_};
    shares_.require(client, "too_many_sign_ins", "too many sign-ins of contract wallets from this address");
    const auto code = signature_check_call(question, chain);
    std::vector<std::future<ContractAnswer>> asked;
    try {
        for (const auto& endpoint : endpoints_) {
            asked.push_back(std::async(std::launch::async, [&] { return ask(*endpoint, code); }));
        }
    } catch (const std::system_error&) {  // no more threads
        throw unavailable("chain_busy", "too many signatures are being checked; try again");
    }
    std::vector<ContractAnswer> answers;
    for (auto& one : asked) {
        answers.push_back(one.get());
    }
    return judge_answers(answers);
}

}  // namespace lamda::gateway
