// One endpoint: draws the faults of each call from its plan, and answers. Not thread-safe.
#pragma once

#include <random>

#include "net/http_message.hpp"
#include "simulator/fault.hpp"
#include "simulator/scripted_chain.hpp"

namespace lamda::simulator {

/// Faults and duration of one call, drawn when it starts.
struct CallPlan {
    Millis after{1};
    std::array<bool, kFaults> strikes{};
    std::uint64_t lag = 0;
    std::uint64_t dice = 0;  ///< random bits for further choices
    bool has(Fault fault) const { return strikes.at(static_cast<std::size_t>(fault)); }
};

class Endpoint {
  public:
    Endpoint(EndpointPlan plan, ScriptedChain& chain, std::uint64_t seed);

    /// @param now time since the network's start
    CallPlan begin(const net::HttpRequest& request, Millis now);
    /// Absent: the request's timeout passes before the node answers. @throws net::TransportError
    std::optional<net::HttpResponse> end(const net::HttpRequest& request, const CallPlan& call_plan,
                                         Millis now);
    /// Sets whether the caller has read the current Retry-After; reset by a new one.
    void set_delay_read(bool read) { delay_read_ = read; }

    EndpointPlan plan;  ///< may be changed at any time
    FaultCounts counts;
    std::uint64_t calls = 0;
    std::uint64_t early_calls = 0;  ///< calls during a Retry-After that the caller has read

  private:
    struct ParsedRequest;  ///< a parsed JSON-RPC request
    bool drawn(Fault fault, Millis now);
    void draw_node(CallPlan& call_plan, Millis now);
    const Branch& branch(const CallPlan& call_plan, Millis now);
    ChainView view(const CallPlan& call_plan, Millis now);
    /// The branch that the node shows: `truth`, or the lies about it.
    const Branch& shown(const Branch& truth);
    net::HttpResponse too_many(const CallPlan& call_plan) const;
    std::optional<net::HttpResponse> refuse(const ParsedRequest& asked) const;
    /// @param place index in a batch
    std::string one_answer(const ParsedRequest& asked, const ChainView& view, const CallPlan& call_plan,
                           std::size_t place);
    std::string all_answers(const ParsedRequest& asked, const ChainView& view, const CallPlan& call_plan);

    ScriptedChain& chain_;
    std::uint64_t seed_;
    std::mt19937_64 random_;
    std::optional<Millis> retry_after_until_;
    bool delay_read_ = false;
    std::optional<std::uint64_t> frozen_final_;
    /// Branch of a node that has not seen a reorg; it grows until the next reorg.
    std::optional<Branch> own_branch_;
    std::optional<Liar> liar_;
    /// For nodes behind a load balancer: the last reorg, and when it was first seen.
    const Block* last_stale_ = nullptr;
    Millis stale_since_{0};
    std::uint64_t head_shown_ = 0;
    std::size_t logs_answered_ = 0;
};

}  // namespace lamda::simulator
