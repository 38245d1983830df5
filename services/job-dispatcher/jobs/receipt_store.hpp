// SQL on receipts (dispatch.receipt). Every function runs inside the caller's transaction.
#pragma once

#include "store/database.hpp"
#include "wire/documents/receipt.hpp"

namespace lamda::dispatch {

/// Stores the receipt of a job's output. Does nothing if the job has one: the output does not change either.
void put_receipt(store::Txn& txn, const wire::SignedReceipt& receipt);

}  // namespace lamda::dispatch
