// What the demo breaks while jobs are on their way, and how it is seen that the market has recovered.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bus/bus.hpp"
#include "localnet/network.hpp"

namespace lamda::devnet {

/// One thing that is broken and mended. Steps are called one after the other, and asked again until true.
struct Fault {
    std::string name;
    std::string broken;  ///< what has happened, for people
    std::string mended;
    std::function<void()> strike;
    std::function<bool()> felt;  ///< the market shows it
    std::function<void()> mend;
    std::function<bool()> recovered;  ///< the market is ready again
    bool needs_job = false;           ///< it is felt by a job that is ordered after the strike
};

/// Names that `--kill` takes: `stream`, `store`, `nats`, `postgres`, then the services.
std::vector<std::string> fault_names(const std::vector<std::string>& services);

/// Makes faults of one network.
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
    /// The answer of JetStream's interface, JSON. @throws std::runtime_error with its error
    std::string ask(const std::string& what, const std::string& body = "{}");
    void fill();
    void free();

    localnet::Network& network_;
    std::unique_ptr<bus::Bus> bus_;
    std::string config_;  ///< of the stream that is full, as it was
};

}  // namespace lamda::devnet
