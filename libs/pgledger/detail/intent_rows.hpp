// Rows of chain.intent and chain.tx as entries of a txsender::TxLedger. Private to this library.
#pragma once

#include <string>
#include <vector>

#include "txsender/tx_queue.hpp"
#include "store/database.hpp"

namespace lamda::pgledger {

/// Columns of `chain.intent i` that entries_of() reads.
const std::string& intent_columns();
/// Each row of chain.intent with its signed forms.
std::vector<txsender::LedgerEntry> entries_of(store::Txn& txn, const store::Rows& rows);

}  // namespace lamda::pgledger
