// Creations: what a large batch of new jobs comes to, worked out before its turn. In a backfill most batches
// are like that; the database then only takes the rows.
#pragma once

#include <memory>
#include <stdexcept>

#include "chain/log_stream.hpp"
#include "market.hpp"
#include "pipeline/outbox.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

class Creations {
  public:
    /// One of the jobs has a row: it came back after a reorg.
    struct MetKnown : std::runtime_error {
        using std::runtime_error::runtime_error;
    };

    /// Null for a batch that is small, holds another log than JobCreated, or creates a job twice. To look for
    /// the rows of many new jobs would cost a tenth of writing them: that they have none is hoped for, and
    /// the primary key knows.
    /// @param now what happened long before it is no news to anybody
    static std::unique_ptr<const Creations> of(const chain::Batch& batch, store::Database& database,
                                               Market& market, Timestamp now);
    /// Journal, rows, news. @throws MetKnown
    void write(store::Txn& txn) const;

  private:
    struct Places;
    Creations(const chain::Batch& batch, Places places, Timestamp now);

    store::EncodedRows journal_;
    store::EncodedRows jobs_;
    std::vector<pipeline::OutboxMessage> news_;
};

}  // namespace lamda::dispatch
