// OwnForms: recognizes stored bytes that are transactions of this wallet. Private to this library.
#pragma once

#include <map>
#include <string>

#include "txsender/tx_queue.hpp"

namespace lamda::txsender {

/// Recovers the signer of each stored form once. Not thread-safe.
class OwnForms {
  public:
    OwnForms(ChainId chain, Address wallet) : chain_(chain), wallet_(wallet) {}

    /// Drops the results that the previous pass did not use.
    void begin_pass();
    /// Adds a transaction that this process has signed.
    void made(const eth::SignedTransaction& done);
    /// Returns the transaction in the bytes; nullptr: not signed by this wallet for this chain, or the hash
    /// is not that of the bytes. Valid until the next begin_pass().
    const eth::Transaction* of(const StoredTx& form);
    /// Keeps the forms that are transactions of this wallet at the intent's nonce, with the fee that was
    /// signed. Returns how many were dropped.
    std::size_t keep_own(TxQueueEntry& entry);

  private:
    std::optional<eth::Transaction> read(const Bytes& raw) const;

    ChainId chain_;
    Address wallet_;
    std::map<TxHash, std::optional<eth::Transaction>> known_;
    std::map<TxHash, std::optional<eth::Transaction>> before_;
};

}  // namespace lamda::txsender
