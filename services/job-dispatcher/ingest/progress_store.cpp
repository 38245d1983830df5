#include "services/job-dispatcher/ingest/progress_store.hpp"

namespace lamda::dispatch {

void save_progress(store::Txn& txn, BlockNum head, BlockNum boundary) {
    txn.exec(
        "INSERT INTO dispatch.progress (head, boundary) VALUES ($1, $2) "
        "ON CONFLICT (one) DO UPDATE SET head = excluded.head, boundary = excluded.boundary",
        {head, boundary});
}

void save_boundary(store::Txn& txn, BlockNum boundary) {
    txn.exec("UPDATE dispatch.progress SET boundary = $1", {boundary});
}

BlockNum read_boundary(store::Txn& txn) {
    const auto row = txn.first("SELECT boundary FROM dispatch.progress");
    return row ? row->get<BlockNum>("boundary") : BlockNum{};
}

std::optional<ChainId> bound_chain(store::Txn& txn, std::string_view stream) {
    const auto row =
        txn.first("SELECT chain_id FROM chain.cursor WHERE stream = $1 AND chain_id IS NOT NULL", {stream});
    return row ? std::optional(ChainId{row->get<std::uint64_t>("chain_id")}) : std::nullopt;
}

}  // namespace lamda::dispatch
