// Reads rows of chain.intent and chain.tx as entries of a txsender::TxQueue. Private to this library.
#pragma once

#include <string>
#include <vector>

#include "store/database.hpp"
#include "txsender/tx_queue.hpp"

namespace lamda::pgledger {

/// Columns of `chain.intent i` that entries_of() reads.
const std::string& intent_columns();
/// Converts rows of chain.intent to entries, each with its signed forms.
std::vector<txsender::TxQueueEntry> entries_of(store::Txn& txn, const store::Rows& rows);

}  // namespace lamda::pgledger
