#include "services/job-dispatcher/jobs/receipt_store.hpp"

namespace lamda::dispatch {

void put_receipt(store::Txn& txn, const wire::SignedReceipt& receipt) {
    txn.exec(
        "INSERT INTO dispatch.receipt (job_id, provider, document) VALUES ($1, $2, $3) "
        "ON CONFLICT (job_id) DO NOTHING",
        {receipt.receipt.job_id, receipt.provider, wire::to_json(receipt)});
}

}  // namespace lamda::dispatch
