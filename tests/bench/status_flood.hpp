// One provider's flood of valid statuses, from a thread of its own.
#pragma once

#include <string>
#include <thread>
#include <vector>

#include "bare_bus.hpp"
#include "crypto/signer.hpp"
#include "wire/job_spec.hpp"

namespace lamda::bench {

class StatusFlood {
  public:
    static constexpr int kPerSecond = 1'000;

    /// Publishes `running` of these jobs' first attempts at the pace above, until destroyed; each is signed
    /// and has another (job, seq).
    StatusFlood(const std::string& bus_url, const crypto::Signer& provider,
                const std::vector<wire::JobSpec>& jobs);

  private:
    void run(const std::stop_token& stop);

    BareBus bus_;
    std::vector<BareMessage> signed_;
    std::jthread thread_;
};

}  // namespace lamda::bench
