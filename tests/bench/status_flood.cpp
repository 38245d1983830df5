#include "status_flood.hpp"

#include <algorithm>
#include <chrono>

#include "wire/messages.hpp"
#include "wire/subjects.hpp"

namespace lamda::bench {

namespace {

/// Signed before the flood begins: signing would take part of the measured machine.
constexpr std::size_t kSigned = 10'000;
constexpr int kAtOnce = 50;

}  // namespace

StatusFlood::StatusFlood(const std::string& bus_url, const crypto::Signer& provider,
                         const std::vector<wire::JobSpec>& jobs)
    : bus_(bus_url) {
    const SystemClock clock;
    static std::uint32_t seq = 0;
    for (std::size_t i = 0; i < kSigned; ++i) {
        if (i % jobs.size() == 0) {
            ++seq;
        }
        const auto& job = jobs[i % jobs.size()];
        wire::JobStatus status;
        status.job_id = wire::job_id_of(job);
        status.seq = seq;
        status.provider = provider.address();
        status.status = wire::StatusKind::kRunning;
        status.at = clock.now();
        const auto sent =
            wire::sign_status(status, wire::market_domain(job.chain_id, job.job_manager), provider);
        signed_.push_back({wire::status_subject(provider.address()),
                           "flood:" + std::to_string(seq) + ":" + status.job_id.hex(), wire::to_json(sent)});
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void StatusFlood::run(const std::stop_token& stop) {
    auto next = std::chrono::steady_clock::now();
    for (std::size_t at = 0; !stop.stop_requested() && at < signed_.size(); at += kAtOnce) {
        const auto begin = signed_.begin() + static_cast<std::ptrdiff_t>(at);
        bus_.publish_all({begin, begin + std::min<std::ptrdiff_t>(kAtOnce, signed_.end() - begin)});
        next += std::chrono::milliseconds(1'000 * kAtOnce / kPerSecond);
        std::this_thread::sleep_until(next);
    }
}

}  // namespace lamda::bench
