// Signed statuses: recorded in the journal first, then sent until the bus has stored them.
#pragma once

#include <stop_token>

#include "bus/bus.hpp"
#include "crypto/signer.hpp"
#include "services/node-agent/state/journal.hpp"
#include "telemetry/context.hpp"

namespace lamda::agent {

/// Optional fields of a status.
struct StatusDetails {
    std::optional<std::string> output_file_cid;
    std::optional<std::int32_t> exit_code;
    std::optional<wire::ErrorCode> error_code;
    std::optional<std::string> error_message;
    std::optional<wire::Receipt> receipt;
};

/// Adds signed statuses to journal entries. Signs for the chain and contract of the attempt's assignment,
/// which matched the settings when the assignment was accepted. Thread-safe.
class StatusWriter {
  public:
    /// @param job_manager for assignments that name no contract
    StatusWriter(const crypto::Signer& signer, const Address& job_manager, const Clock& clock);
    /// Signs a status with the attempt's next seq and appends it to the outbox. A repeated `accepted` or
    /// `running` replaces an unsent one; `completed` and `failed` finish the attempt. Must be called inside
    /// Journal::update, so that the seq is recorded durably.
    void add(Attempt& attempt, wire::StatusKind kind, const StatusDetails& details = {}) const;
    /// Signs the report that the record's retracted attempts have stopped, and puts it into the record. Must
    /// be called inside Journal::update.
    /// @param chain for a retraction without any attempt, whose chain is not known otherwise
    void add_stopped(const JobId& job, JobRecord& record, ChainId chain) const;

  private:
    const crypto::Signer& signer_;
    Address job_manager_;
    const Clock& clock_;
};

/// Sends the unsent statuses of the journal.
class StatusPublisher {
  public:
    StatusPublisher(Journal& journal, bus::Bus& bus, const Address& provider,
                    const telemetry::Context& context);
    /// Runs until stopped. The check `statuses` is not ready after some seconds without a successful send.
    void run(const std::stop_token& stop);
    /// Sends all unsent statuses once. @returns why a status was refused; empty: none is left.
    /// @throws bus::Unavailable, DiskError
    std::string flush();

  private:
    void report(const std::string& last_error);

    Journal& journal_;
    bus::Bus& bus_;
    Address provider_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Counter published_;
    telemetry::Gauge waiting_;
    telemetry::Health& health_;
    std::optional<Steady> refused_since_;
};

/// Repeats the status of each active attempt whose last status is ten seconds old: `accepted` until its
/// container starts, `running` afterwards. So the run's deadline counts the run only, not the preparation.
class ProgressLoop {
  public:
    ProgressLoop(Journal& journal, const StatusWriter& statuses, const Clock& clock);
    void run(const std::stop_token& stop);

  private:
    /// First sight of an attempt's newest status, by the steady clock.
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
