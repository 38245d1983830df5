// Consumes assignments from the bus: holds a bounded number of waiting ones, takes the best-paying one that
// fits into a free slot, records it on disk, then acknowledges it; the runner runs it.
#pragma once

#include <map>
#include <stop_token>

#include "bus/bus.hpp"
#include "services/node-agent/bus/agent_terms.hpp"
#include "services/node-agent/bus/assignment_window.hpp"
#include "services/node-agent/bus/status_publisher.hpp"
#include "services/node-agent/state/assignment_decision.hpp"
#include "telemetry/context.hpp"

namespace lamda::agent {

class AssignmentLoop {
  public:
    AssignmentLoop(bus::Bus& bus, Journal& journal, const StatusWriter& statuses, const AgentTerms& terms,
                   const WorkGate& gate, const telemetry::Context& context);
    void run(const std::stop_token& stop);

  private:
    /// A delivered assignment that is neither taken nor returned. Its acknowledgement time is restarted
    /// while it is held.
    struct Held {
        wire::Assignment assignment;
        bus::Message message;  ///< without its body
        PaymentRate rate;
        Steady touched;
    };

    void consume(const std::stop_token& stop);
    /// Fetches and admits. Returns true if more assignments may be waiting on the bus.
    bool receive(bus::Consumer& consumer);
    void admit(bus::Consumer& consumer, const bus::Message& message);
    /// Settles what a retraction, another delivery or a newly measured machine has decided since it is held:
    /// it must not keep room that the ones behind it could use.
    void judge_again(bus::Consumer& consumer);
    /// Fills the free slots.
    void take(bus::Consumer& consumer, const std::stop_token& stop);
    /// The probe's answer; kTake without asking if the assignment is not accepted anyway.
    ProbeAnswer probe(const wire::Assignment& assignment, const std::stop_token& stop);
    /// Returns what exceeds the window, and restarts the acknowledgement time of the rest.
    void keep(bus::Consumer& consumer);
    void return_all(bus::Consumer& consumer, Millis delay);
    /// Carries out a decision other than to wait.
    void settle(bus::Consumer& consumer, const bus::Message& message, const wire::Assignment& assignment,
                const Verdict& verdict);
    void accept(const wire::Assignment& assignment, const Verdict& verdict);
    /// Prunes refused jobs from time to time. Returns false if too many refusals are not sent yet.
    bool room_for_refusal();
    bool takes_work() const;
    std::size_t occupied() const;
    /// @param with_load false: as if every slot were free
    Self self(bool with_load) const;
    Waiting waiting(const Held& held) const;
    void count(std::string_view decision);

    bus::Bus& bus_;
    Journal& journal_;
    const StatusWriter& statuses_;
    const AgentTerms terms_;
    const WorkGate gate_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    telemetry::Health& health_;
    std::map<std::uint64_t, Held> held_;       ///< by sequence in the stream
    std::map<AttemptKey, Steady> first_seen_;  ///< of assignments that are not settled
    std::size_t refusals_;                     ///< recorded since refused jobs were pruned
};

}  // namespace lamda::agent
