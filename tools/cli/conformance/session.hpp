// The dispatcher's end of the bus for one agent under test: sends, records the agent's messages, waits.
#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "bus/bus.hpp"
#include "tools/cli/conformance/record.hpp"

namespace lamda::cli::conformance {

struct SessionConfig {
    Address provider;
    ChainId chain;
    Address job_manager;
    std::string image;          ///< has `true`, `false` and `sleep`
    unsigned patience = 1;      ///< factor of every upper bound
    std::string restart_agent;  ///< shell command; empty: not checked
    std::string restart_nats;   ///< likewise
};

/// The agent broke a promise.
class CheckFailed : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// The check cannot run here.
class CheckSkipped : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

class Session {
  public:
    /// Connects, and creates the streams and the provider's durables on a server that no dispatcher uses.
    /// @throws std::runtime_error for a server that does not answer or holds a market's streams
    Session(const std::string& nats_url, SessionConfig config, const Clock& clock);

    const SessionConfig& config() const { return config_; }
    eth::Eip712Domain domain() const { return wire::market_domain(config_.chain, config_.job_manager); }

    /// A valid assignment of a new job.
    wire::Assignment job(std::vector<std::string> command);
    /// Publishes under a new message id, so that the bus does not drop a repetition. Returns the sequence in
    /// JOBS.
    std::uint64_t assign(const wire::Assignment& assignment);
    std::uint64_t assign_raw(const std::string& body);
    /// Returns the sequence in RETRACT.
    std::uint64_t retract(const JobId& job, std::uint32_t attempt);
    std::uint64_t retract_raw(const std::string& body);

    /// Messages until now.
    const Record& record();
    bool wait(const std::function<bool(const Record&)>& condition, Millis timeout);
    /// Waits for a condition that an agent has to fulfil. @throws CheckFailed: `<what> within <timeout>`
    void expect(const std::string& what, const std::function<bool(const Record&)>& condition,
                Millis timeout = kLongest);
    /// Waits until the message is acknowledged or its delivery ended. @throws CheckFailed
    void expect_settled(const std::string& stream, std::uint64_t sequence, const std::string& what);
    /// Runs a new job to its end: earlier messages have then been handled, too. @throws CheckFailed
    void expect_works();
    /// Largest capacity that a heartbeat has announced; 0: none yet.
    std::uint32_t capacity();
    /// Waits until a new heartbeat announces no running job; gives up after a while.
    bool wait_idle();
    /// Retracts the unfinished attempts since the last call, and waits until the agent is idle.
    void clean_up();

    static constexpr Millis kLongest{60'000};

  private:
    std::uint64_t publish(const char* stream, const std::string& subject, const std::string& body);
    void make_streams();
    void fetch_statuses();

    SessionConfig config_;
    const Clock& clock_;
    Market market_;
    std::mutex mutex_;  ///< of incoming_: the subscriptions' threads write it
    Record incoming_;
    Record record_;
    std::set<JobId> jobs_;                               ///< made by this object
    std::vector<std::pair<JobId, std::uint32_t>> open_;  ///< assigned since the last clean_up()
    bus::Bus bus_;
    std::vector<bus::Subscription> subscriptions_;
    std::optional<bus::Consumer> statuses_;
};

}  // namespace lamda::cli::conformance
