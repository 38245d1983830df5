// A simulated chain behind a JSON-RPC server of 127.0.0.1. Costs almost no time, and notes when it hands out
// a header.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "http/server.hpp"
#include "simulator/endpoint.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::bench {

/// Thread-safe.
class ChainServer {
  public:
    /// @param contract has code from genesis on
    ChainServer(ChainId chain, const Address& contract);
    std::string url() const;

    /// Mines a block with these logs. It is final once it has `depth` successors; see finalize().
    void mine(std::vector<eth::Log> logs);
    /// Makes all blocks so far final, by one more, empty block.
    void finalize();
    /// Second of the monotonic clock (now_seconds) at which the server had the answer with the header of the
    /// newest block that has logs: for the first time since mine() or finalize(). Absent: not yet.
    std::optional<double> handed_out() const;

  private:
    http::Response answer(const http::Request& request);

    SystemClock clock_;
    mutable std::mutex mutex_;
    simulator::ScriptedChain chain_;
    simulator::Endpoint endpoint_;
    std::string watched_;  ///< `"hash":"0x…"`, as in a header's JSON text
    std::optional<double> handed_out_;
    telemetry::Metrics metrics_;
    http::Server server_;
    int port_ = 0;
};

}  // namespace lamda::bench
