// A network of endpoints in virtual time, behind net::Transport: all show one scripted chain, each with its
// own faults. Nothing waits: the clock moves to the next event. Everything follows from the seed.
#pragma once

#include <functional>
#include <memory>

#include "net/transport.hpp"
#include "simulator/fault.hpp"
#include "simulator/scripted_chain.hpp"

namespace lamda::simulator {

/// Not thread-safe: one thread uses the network, its exchanges, the clock and the chain.
class SimulatedNetwork final : public net::Transport {
  public:
    SimulatedNetwork(const FakeClock& clock, ScriptedChain& chain, std::uint64_t seed,
                     std::vector<EndpointPlan> endpoints);
    ~SimulatedNetwork() override;

    /// Moves the clock by the duration of the exchange.
    net::HttpResponse send(const net::HttpRequest& request) override;
    /// next() moves the clock to the earliest end, or to the deadline.
    std::unique_ptr<net::Exchanges> exchanges() override;

    /// Activity between exchanges, called before each step in time: extends the chain up to that time.
    std::function<void(Timestamp)> meanwhile = [](Timestamp) {};
    /// If set, called with one line for each exchange.
    std::function<void(const std::string&)> trace;

    /// The plan of an endpoint; may be changed at any time. @throws std::out_of_range
    EndpointPlan& plan(const std::string& url);
    std::vector<std::string> urls() const;
    /// Sum over all endpoints.
    FaultCounts counts() const;
    std::uint64_t calls() const;
    std::uint64_t calls(const std::string& url) const;
    /// Calls to an endpoint during a Retry-After that the caller had read.
    std::uint64_t impatient_calls() const;
    /// Starts a new caller, which has read no Retry-After.
    void another_caller();

    struct Impl;

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::simulator
