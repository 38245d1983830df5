// Which stored bytes are transactions of this wallet. Private to this library.
#pragma once

#include <map>
#include <string>

#include "txsender/tx_queue.hpp"

namespace lamda::txsender {

/// Recovers the signer of each stored form once. Not thread-safe.
class OwnForms {
  public:
    OwnForms(ChainId chain, Address wallet) : chain_(chain), wallet_(wallet) {}

    /// Forgets what the pass before did not ask for.
    void begin_pass();
    /// Signed by this process now.
    void made(const eth::SignedTransaction& done);
    /// The transaction that the bytes hold; nullptr: not signed by this wallet for this chain, or the hash is
    /// another one's. Valid until the next begin_pass().
    const eth::Transaction* of(const StoredTx& form);
    /// Leaves the forms that are transactions of this wallet at the intent's nonce, with the fee that was
    /// signed. How many were dropped.
    std::size_t keep_own(TxQueueEntry& entry);

  private:
    std::optional<eth::Transaction> read(const Bytes& raw) const;

    ChainId chain_;
    Address wallet_;
    std::map<TxHash, std::optional<eth::Transaction>> known_;
    std::map<TxHash, std::optional<eth::Transaction>> before_;
};

}  // namespace lamda::txsender
