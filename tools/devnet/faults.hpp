// Faults that the demo injects while jobs are in flight, with their repair and the check of the recovery.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bus/bus.hpp"
#include "localnet/network.hpp"

namespace lamda::devnet {

/// One fault. The steps run in order; a step that returns bool is polled until it returns true.
struct Fault {
    std::string name;
    std::string injected_text;  ///< shown after inject
    std::string repaired_text;  ///< shown after repair
    std::function<void()> inject;
    std::function<bool()> visible;  ///< true once the market shows the fault
    std::function<void()> repair;
    std::function<bool()> recovered;  ///< true once the market is ready again
    bool needs_job = false;           ///< becomes visible only by a job that is ordered after inject
};

/// Returns the names that `--kill` accepts: `stream`, `store`, `nats`, `postgres`, then the services.
std::vector<std::string> fault_names(const std::vector<std::string>& services);

/// Creates the faults of one network.
class Faults {
  public:
    explicit Faults(localnet::Network& network) : network_(network) {}
    Fault of(const std::string& name);

  private:
    Fault service(const std::string& name);
    Fault postgres();
    Fault nats();
    Fault deleted_stream();
    Fault full_stream();
    bool all_ready();
    bus::Bus& bus();
    /// Calls JetStream's interface; returns its JSON answer. @throws std::runtime_error with its error
    std::string jetstream(const std::string& what, const std::string& body = "{}");
    void fill();
    void free();

    localnet::Network& network_;
    std::unique_ptr<bus::Bus> bus_;
    std::string config_;  ///< original configuration of the filled stream
};

}  // namespace lamda::devnet
