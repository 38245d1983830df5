// The retraction of an attempt as a message of the outbox.
#pragma once

#include "outbox/outbox.hpp"
#include "services/job-dispatcher/jobs/job_transitions.hpp"

namespace lamda::dispatch {

/// Builds retractions of one transaction. Reads chain and contract, which each of them names, once, when the
/// first is built.
class RetractionMessages {
  public:
    explicit RetractionMessages(store::Txn& txn) : txn_(txn) {}
    /// @param provider the provider that has the attempt
    outbox::OutboxMessage message(const JobId& job, const Retract& retract, const Address& provider);

  private:
    store::Txn& txn_;
    bool read_ = false;
    wire::Retraction of_market_;
};

}  // namespace lamda::dispatch
