#include "rpcpool/multi_rpc.hpp"

#include <algorithm>

#include "crypto/digest.hpp"
#include "net/http_client.hpp"
#include "rpcpool/detail/broadcast.hpp"

namespace lamda::rpcpool {

namespace {

constexpr Millis kProbeEvery{5'000};
constexpr Millis kProbeTimeout{4'000};

Millis since(Steady then, Steady now) {
    return std::chrono::duration_cast<Millis>(now - then);
}

}  // namespace

/// One call that is sent to endpoints one after the other, or to several at once.
class MultiRpc::HedgedCall {
  public:
    enum class Outcome {
        kAnswered,  ///< the call's `read` has the answer
        kReverts,   ///< an error object that is the chain's answer; other endpoints would give the same
        kRefused,   ///< an error object that concerns this endpoint alone; call another
        kFailed,    ///< no usable answer; call another
        kGoesOn,    ///< the chain id was right and the call is in flight; or the deadline passed
    };
    struct Event {
        Outcome outcome = Outcome::kGoesOn;
        std::size_t endpoint = 0;
        std::exception_ptr error;
    };

    HedgedCall(MultiRpc& rpc, const eth::RpcCall& rpc_call)
        : rpc_(rpc), rpc_call_(rpc_call), pending_(rpc.transport_) {}

    void ask(std::size_t endpoint) {
        Try one{endpoint, rpc_.clock_.steady(), nullptr};
        auto rpc_call = rpc_call_;
        if (!rpc_.endpoints_.checked(endpoint)) {
            one.chain = std::make_unique<ChainId>();
            rpc_call = eth::rpc_calls::chain_id(*one.chain);
        }
        const auto id =
            pending_.ask(rpc_.endpoints_.url(endpoint), rpc_.config_.timeout, std::move(rpc_call));
        tries_.emplace(id, std::move(one));
    }

    bool under_way() const { return !tries_.empty(); }

    /// Calls one endpoint and waits for its answer or failure; the call's output shows which.
    void ask_and_wait(std::size_t endpoint) {
        ask(endpoint);
        while (under_way()) {
            next(rpc_.clock_.steady() + 2 * rpc_.config_.timeout);
        }
    }

    Event next(Steady deadline) {
        const auto answered = pending_.next(deadline);
        if (!answered) {
            return {};
        }
        const auto one = tries_.extract(answered->id);
        Event event;
        event.endpoint = one.mapped().endpoint;
        event.error = answered->error;
        if (answered->error) {
            if (one.mapped().chain) {
                event.error = chain_id_failure(answered->error);
            }
            event.outcome = judge(one.mapped(), event.error);
            return event;
        }
        rpc_.endpoints_.answered(event.endpoint, since(one.mapped().began, rpc_.clock_.steady()));
        if (!one.mapped().chain) {
            rpc_.endpoints_.answered_method(event.endpoint, rpc_call_.method);
            event.outcome = Outcome::kAnswered;
        } else if (rpc_.endpoints_.saw_chain(event.endpoint, *one.mapped().chain)) {
            ask(event.endpoint);
        } else {
            event.outcome = Outcome::kFailed;
        }
        return event;
    }

  private:
    struct Try {
        std::size_t endpoint;
        Steady began;
        std::unique_ptr<ChainId> chain;  ///< set: the request in flight is for the chain id
    };

    /// Turns an error object in answer to the chain id check into a failure of the endpoint: it is not an
    /// answer to the call.
    static std::exception_ptr chain_id_failure(const std::exception_ptr& error) {
        try {
            std::rethrow_exception(error);
        } catch (const eth::RpcError& refusal) {
            constexpr int kOk = 200;
            return std::make_exception_ptr(
                eth::BadAnswer(kOk, std::string("eth_chainId: ") + refusal.what()));
        } catch (const std::exception&) {
            return error;
        }
    }

    Outcome judge(const Try& one, const std::exception_ptr& error) {
        try {
            std::rethrow_exception(error);
        } catch (const eth::RpcError& refusal) {
            if (refusal.is_revert()) {
                return Outcome::kReverts;
            }
            rpc_.endpoints_.refused_method(one.endpoint, rpc_call_.method, refusal);
            return Outcome::kRefused;
        } catch (const std::exception& failure) {
            rpc_.endpoints_.failed(one.endpoint, failure);
            return Outcome::kFailed;
        }
    }

    MultiRpc& rpc_;
    const eth::RpcCall& rpc_call_;
    eth::PendingCalls pending_;
    std::map<eth::PendingCalls::Id, Try> tries_;
};

struct MultiRpc::Probe {
    std::size_t endpoint;
    bool for_chain;  ///< its chain id is not known and is requested first
    ChainId chain;
    BlockNum head;
};

MultiRpc::MultiRpc(RpcConfig config, const Clock& clock, telemetry::Log log, net::Transport& transport)
    : config_(std::move(config)),
      clock_(clock),
      transport_(transport),
      endpoints_(config_.urls, config_.chain, clock, std::move(log), config_.jitter_seed) {}

MultiRpc::MultiRpc(RpcConfig config, const Clock& clock, telemetry::Log log)
    : config_(std::move(config)),
      clock_(clock),
      own_transport_(std::make_unique<net::HttpClient>()),
      transport_(*own_transport_),
      endpoints_(config_.urls, config_.chain, clock, std::move(log), config_.jitter_seed) {}

MultiRpc::~MultiRpc() = default;

void MultiRpc::perform(const eth::RpcCall& rpc_call) {
    const auto candidates = endpoints_.candidates(rpc_call.method);
    HedgedCall hedged(*this, rpc_call);
    std::size_t next = 0;
    std::exception_ptr last;
    bool absent = false;
    Steady ask_another{};
    const auto ask_next = [&] {
        if (next < candidates.size()) {
            ask_another = clock_.steady() + endpoints_.hedge_delay(candidates[next]);
            hedged.ask(candidates[next++]);
        } else {
            ask_another = Steady::max();
        }
    };
    ask_next();
    while (hedged.under_way()) {
        // libcurl enforces the request timeout; this deadline is a safety net.
        const auto event = hedged.next(std::min(ask_another, clock_.steady() + 2 * config_.timeout));
        switch (event.outcome) {
            case HedgedCall::Outcome::kAnswered:
                if (!rpc_call.is_absent || !rpc_call.is_absent()) {
                    return;
                }
                absent = true;
                ask_next();
                break;
            case HedgedCall::Outcome::kReverts:
                std::rethrow_exception(event.error);
            case HedgedCall::Outcome::kRefused:
            case HedgedCall::Outcome::kFailed:
                last = event.error ? event.error : last;
                ask_next();
                break;
            case HedgedCall::Outcome::kGoesOn:
                if (clock_.steady() >= ask_another) {
                    ask_next();
                }
                break;
        }
    }
    if (!absent) {
        endpoints_.throw_no_endpoint(last);
    }
}

std::optional<eth::Header> MultiRpc::header(eth::BlockSpec block) {
    auto found = eth::CallingRpc::header(block);
    const auto* tag = std::get_if<eth::Tag>(&block);
    if (found && tag != nullptr && *tag == eth::Tag::kFinalized && config_.agreement > 1) {
        return agreed(*found);
    }
    return found;
}

std::optional<eth::Header> MultiRpc::agreed(const eth::Header& header) {
    const std::lock_guard lock(agreed_mutex_);
    if (agreed_ == header.ref()) {
        return header;
    }
    unsigned agreeing = 0;
    for (const auto endpoint : endpoints_.candidates()) {
        std::optional<eth::Header> theirs;
        const auto rpc_call = eth::rpc_calls::header(eth::BlockSpec(header.number), theirs);
        HedgedCall(*this, rpc_call).ask_and_wait(endpoint);
        agreeing += theirs && theirs->hash == header.hash ? 1 : 0;
        if (agreeing == config_.agreement) {
            agreed_ = header.ref();
            return header;
        }
    }
    throw Disagreement("finalized block " + std::to_string(header.number.value) + ": " +
                       std::to_string(agreeing) + " of " + std::to_string(config_.agreement) +
                       " endpoints agree on its hash");
}

TxHash MultiRpc::send_raw_transaction(BytesView raw) {
    const auto hash = crypto::keccak256(raw).as<TxHash>();
    TxHash reported;
    const auto rpc_call = eth::rpc_calls::send_raw_transaction(raw, reported);
    HedgedCall hedged(*this, rpc_call);
    for (const auto endpoint : endpoints_.candidates()) {
        hedged.ask(endpoint);
    }
    bool accepted = false;
    std::exception_ptr last;
    std::vector<std::size_t> refused;
    auto deadline = clock_.steady() + 2 * config_.timeout;
    while (hedged.under_way() && clock_.steady() < deadline) {
        const auto event = hedged.next(deadline);
        if (event.outcome == HedgedCall::Outcome::kAnswered && !accepted) {
            accepted = true;
            deadline = std::min(deadline, clock_.steady() + kBroadcastGrace);
        } else if (event.outcome == HedgedCall::Outcome::kRefused ||
                   event.outcome == HedgedCall::Outcome::kReverts) {
            refused.push_back(event.endpoint);
        }
        last = event.error ? event.error : last;
    }
    // The text of "already known" differs between nodes; eth_getTransactionByHash does not.
    for (std::size_t i = 0; i < refused.size() && !accepted; ++i) {
        std::optional<eth::TransactionInfo> known;
        const auto lookup = eth::rpc_calls::transaction(hash, known);
        HedgedCall(*this, lookup).ask_and_wait(refused[i]);
        accepted = known.has_value();
    }
    if (!accepted) {
        endpoints_.throw_no_endpoint(last);
    }
    return hash;
}

/// Sends one batch after the other; the first is in flight from construction on.
class MultiRpc::Batches final : public eth::Sending {
  public:
    Batches(MultiRpc& rpc, std::vector<Bytes> raws) : rpc_(rpc), raws_(std::move(raws)) { begin(0); }

    std::vector<eth::SendOutcome> outcomes() override {
        std::vector<eth::SendOutcome> out;
        while (out.size() < raws_.size()) {
            if (begun_ == out.size()) {
                begin(begun_);
            }
            auto some = now_->outcomes();
            if (some.empty()) {  // no endpoint takes batches, or none answers
                some = rpc_.Rpc::send_raw_transactions(batch(out.size()));
            }
            out.insert(out.end(), some.begin(), some.end());
        }
        return out;
    }

  private:
    std::vector<Bytes> batch(std::size_t first) const {
        const auto last = std::min(first + kMostInBatch, raws_.size());
        return {raws_.begin() + static_cast<std::ptrdiff_t>(first),
                raws_.begin() + static_cast<std::ptrdiff_t>(last)};
    }
    void begin(std::size_t first) {
        for (const auto endpoint : rpc_.endpoints_.candidates()) {
            rpc_.ensure_checked(endpoint);
        }
        const auto some = batch(first);
        now_.emplace(some, rpc_.endpoints_, rpc_.transport_, rpc_.clock_, rpc_.config_.timeout);
        begun_ = first + some.size();
    }

    MultiRpc& rpc_;
    std::vector<Bytes> raws_;
    std::size_t begun_ = 0;
    std::optional<Broadcast> now_;
};

std::unique_ptr<eth::Sending> MultiRpc::begin_sending(const std::vector<Bytes>& raws) {
    return std::make_unique<Batches>(*this, raws);
}

std::vector<eth::SendOutcome> MultiRpc::send_raw_transactions(const std::vector<Bytes>& raws) {
    return Batches(*this, raws).outcomes();
}

void MultiRpc::ensure_checked(std::size_t endpoint) {
    if (!endpoints_.checked(endpoint)) {
        BlockNum head;
        const auto rpc_call = eth::rpc_calls::block_number(head);
        HedgedCall(*this, rpc_call).ask_and_wait(endpoint);
    }
}

void MultiRpc::probe() {
    const auto now = clock_.steady();
    if (!probing_) {
        probing_ = std::make_unique<eth::PendingCalls>(transport_);
    }
    while (const auto answered = probing_->next(now)) {
        const auto probe = probes_.extract(answered->id);
        if (answered->error) {
            try {
                std::rethrow_exception(answered->error);
            } catch (const std::exception& failure) {
                endpoints_.failed(probe.mapped()->endpoint, failure);
            }
        } else if (probe.mapped()->for_chain) {
            endpoints_.saw_chain(probe.mapped()->endpoint, probe.mapped()->chain);
        } else {
            endpoints_.saw_head(probe.mapped()->endpoint, probe.mapped()->head);
        }
    }
    if (!probes_.empty() || (probed_ && now - *probed_ < kProbeEvery)) {
        return;
    }
    probed_ = now;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        if (endpoints_.worth_a_probe(i)) {
            auto probe = std::make_unique<Probe>(Probe{i, !endpoints_.checked(i), {}, {}});
            auto rpc_call = probe->for_chain ? eth::rpc_calls::chain_id(probe->chain)
                                             : eth::rpc_calls::block_number(probe->head);
            const auto id = probing_->ask(endpoints_.url(i), kProbeTimeout, std::move(rpc_call));
            probes_.emplace(id, std::move(probe));
        }
    }
}

std::string MultiRpc::name() const {
    std::string out;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        out += (out.empty() ? "" : ",") + endpoints_.name(i);
    }
    return out;
}

}  // namespace lamda::rpcpool
