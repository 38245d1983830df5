// SenderParts: state that the parts of a sender share. Private to this library.
#pragma once

#include <algorithm>
#include <map>

#include "txsender/detail/fees.hpp"
#include "txsender/detail/signing_guard.hpp"
#include "txsender/detail/tx_broadcaster.hpp"
#include "txsender/sender_config.hpp"

namespace lamda::txsender {

/// Back-off of parked intents: 2 s, doubled each time up to 5 min.
class ParkBackoff {
  public:
    explicit ParkBackoff(const Clock& clock) : clock_(clock) {}
    void back_off(const std::string& key) {
        auto& one = until_[key];
        one.pause = std::clamp(one.pause * 2, Millis(2'000), Millis(5 * 60'000));
        one.due = clock_.steady() + one.pause;
    }
    bool due(const std::string& key) const {
        const auto one = until_.find(key);
        return one == until_.end() || one->second.due <= clock_.steady();
    }
    void forget(const std::string& key) { until_.erase(key); }
    std::size_t size() const { return until_.size(); }

  private:
    struct Pause {
        Steady due;
        Millis pause;
    };
    const Clock& clock_;
    std::map<std::string, Pause> until_;
};

struct SenderParts {
    SenderConfig config;
    eth::Rpc& rpc;
    const crypto::Signer& signer;
    TxQueue& tx_queue;
    SigningPolicy& signing;
    const Clock& clock;
    telemetry::Log log;
    FeePolicy policy{config.legacy_fees, config.min_priority_fee, config.max_fee_cap};
    TxWatch watch{rpc, signer.address(), clock, config.rebroadcast_after};
    SenderMetrics shown;
    OwnForms forms{config.chain_id, signer.address()};
    SigningGuard guard{signing, forms, signer.address(), config.most_gas, log, shown};
    TxBroadcaster broadcaster{config.chain_id, rpc, signer, tx_queue, clock, log, watch, forms, shown};
    ParkBackoff park_backoff{clock};
    std::string last_error{};  ///< last problem of the current pass

    void note(const std::string& why) { last_error = why.empty() ? last_error : why; }
};

/// True if it is allocated or sent, and not mined.
inline bool is_unmined(const TxQueueEntry& entry) {
    return entry.state == IntentState::kAllocated || entry.state == IntentState::kSent;
}

}  // namespace lamda::txsender
