// A network of endpoints in virtual time, behind net::Transport: all show one scripted chain, each in its own
// way. Nothing waits: the clock is moved to what comes next. Everything follows from the seed.
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

    /// Moves the clock by the time that the exchange takes.
    net::HttpResponse send(const net::HttpRequest& request) override;
    /// next() moves the clock to the earliest end, or else to the deadline.
    std::unique_ptr<net::Exchanges> exchanges() override;

    /// What goes on beside the exchanges, told before each step in time: let the chain grow up to that time.
    std::function<void(Timestamp)> meanwhile = [](Timestamp) {};
    /// When set, is told each exchange in one line.
    std::function<void(const std::string&)> trace;

    /// Faults may be changed at any time. @throws std::out_of_range
    EndpointPlan& plan(const std::string& url);
    std::vector<std::string> urls() const;
    /// Of all endpoints together.
    FaultCounts counts() const;
    std::uint64_t calls() const;
    std::uint64_t calls(const std::string& url) const;
    /// Calls to an endpoint within the time for which it had said Retry-After, and the caller had read so.
    std::uint64_t impatient_calls() const;
    /// Who calls from now on knows nothing of what was said before.
    void another_caller();

    struct Impl;

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::simulator
