// One endpoint: draws from its plan what becomes of each call, and answers. Not thread-safe.
#pragma once

#include <random>

#include "net/http_message.hpp"
#include "simulator/fault.hpp"
#include "simulator/scripted_chain.hpp"

namespace lamda::simulator {

/// What becomes of one call: known when it starts, but for what the node then has to say.
struct Fate {
    Millis after{1};
    std::array<bool, kFaults> strikes{};
    std::uint64_t lag = 0;
    std::uint64_t dice = 0;  ///< for what is left to choose
    bool has(Fault fault) const { return strikes.at(static_cast<std::size_t>(fault)); }
};

class Endpoint {
  public:
    Endpoint(EndpointPlan plan, ScriptedChain& chain, std::uint64_t seed);

    /// @param now since the network's start
    Fate begin(const net::HttpRequest& request, Millis now);
    /// Absent: the node is still at it when the request's time-out comes. @throws net::TransportError
    std::optional<net::HttpResponse> end(const net::HttpRequest& request, const Fate& fate, Millis now);
    /// Whether the caller has read of the Retry-After that holds now; a new one has not.
    void told(bool yes) { told_ = yes; }

    EndpointPlan plan;  ///< may be changed at any time
    FaultCounts counts;
    std::uint64_t calls = 0;
    std::uint64_t impatient = 0;  ///< calls in a time for which the caller had read Retry-After

  private:
    struct Asked;  ///< JSON-RPC, parsed
    bool drawn(Fault fault, Millis now);
    void draw_node(Fate& fate, Millis now);
    const Branch& branch(const Fate& fate, Millis now);
    ChainView view(const Fate& fate, Millis now);
    /// What it makes of the truth.
    const Branch& shown(const Branch& truth);
    net::HttpResponse too_many(const Fate& fate) const;
    std::optional<net::HttpResponse> refuse(const Asked& asked) const;
    /// @param place within a batch
    std::string one_answer(const Asked& asked, const ChainView& view, const Fate& fate, std::size_t place);
    std::string all_answers(const Asked& asked, const ChainView& view, const Fate& fate);

    ScriptedChain& chain_;
    std::uint64_t seed_;
    std::mt19937_64 random_;
    std::optional<Millis> patience_until_;
    bool told_ = false;
    std::optional<std::uint64_t> frozen_final_;
    /// Of a node that has not seen a reorg: followed until one comes.
    std::optional<Branch> own_branch_;
    std::optional<Liar> liar_;
    /// For nodes behind a load balancer: the last reorg, and when it was first noticed.
    const Block* last_stale_ = nullptr;
    Millis stale_since_{0};
    std::uint64_t head_shown_ = 0;
    std::size_t logs_answered_ = 0;
};

}  // namespace lamda::simulator
