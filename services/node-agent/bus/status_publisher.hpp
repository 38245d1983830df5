// Signed statuses: written into the journal first, sent until the bus has stored them.
#pragma once

#include <stop_token>

#include "bus/bus.hpp"
#include "crypto/signer.hpp"
#include "services/node-agent/state/journal.hpp"
#include "telemetry/health.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::agent {

/// What a status says beside its kind.
struct StatusDetails {
    std::optional<std::string> output_file_cid;
    std::optional<std::int32_t> exit_code;
    std::optional<wire::ErrorCode> error_code;
    std::optional<std::string> error_message;
    std::optional<wire::Receipt> receipt;
};

/// Adds signed statuses to journal entries: for the chain and the contract of the attempt's assignment, which
/// agreed with the settings when it was accepted. Thread-safe.
class StatusWriter {
  public:
    /// @param job_manager for assignments that name no contract
    StatusWriter(const crypto::Signer& signer, const Address& job_manager, const Clock& clock);
    /// The next seq of the attempt, signed, into its outbox. A repeated `accepted` or `running` replaces
    /// an unsent one; completed and failed finish the attempt. To be called inside Journal::update, so that
    /// the seq is spent durably.
    void add(Attempt& attempt, wire::StatusKind kind, const StatusDetails& details = {}) const;

  private:
    const crypto::Signer& signer_;
    Address job_manager_;
    const Clock& clock_;
};

/// Sends what waits in the journal's outboxes.
class StatusPublisher {
  public:
    StatusPublisher(Journal& journal, bus::Bus& bus, const Address& provider, telemetry::Log log,
                    telemetry::Metrics& metrics, telemetry::Health& health);
    /// Until stopped. The check `statuses` is not ready when none could leave for some seconds.
    void run(const std::stop_token& stop);
    /// One round. @returns why a status was refused; empty: nothing waits any more. @throws bus::Unavailable,
    /// DiskError
    std::string flush();

  private:
    void report(const std::string& last_error);

    Journal& journal_;
    bus::Bus& bus_;
    Address provider_;
    telemetry::Log log_;
    telemetry::Counter published_;
    telemetry::Gauge waiting_;
    telemetry::Health& health_;
    std::optional<Steady> refused_since_;
};

/// For each attempt at work whose last status is ten seconds old: `accepted` until its container starts,
/// while an image, an input or a pause takes its time; `running` from then on. So the run's deadline counts
/// the run.
class ProgressLoop {
  public:
    ProgressLoop(Journal& journal, const StatusWriter& statuses, const Clock& clock);
    void run(const std::stop_token& stop);

  private:
    /// When the newest status of an attempt was first seen, by the steady clock.
    struct Seen {
        std::uint32_t seq = 0;
        Steady at{};
    };
    void pass();

    Journal& journal_;
    const StatusWriter& statuses_;
    const Clock& clock_;
    std::map<AttemptKey, Seen> seen_;
};

}  // namespace lamda::agent
