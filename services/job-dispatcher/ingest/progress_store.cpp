#include "services/job-dispatcher/ingest/progress_store.hpp"

namespace lamda::dispatch {

namespace {

/// A statement sees the row as it was before the statement's own change.
BlockNum earlier_boundary(const std::optional<store::Row>& row) {
    return row ? row->maybe<BlockNum>("earlier").value_or(BlockNum{}) : BlockNum{};
}

}  // namespace

BlockNum save_progress(store::Txn& txn, BlockNum head, BlockNum boundary) {
    return earlier_boundary(
        txn.first("INSERT INTO dispatch.progress (head, boundary) VALUES ($1, $2) "
                  "ON CONFLICT (one) DO UPDATE SET head = excluded.head, boundary = excluded.boundary "
                  "RETURNING (SELECT p.boundary FROM dispatch.progress p) AS earlier",
                  {head, boundary}));
}

BlockNum save_boundary(store::Txn& txn, BlockNum boundary) {
    return earlier_boundary(
        txn.first("UPDATE dispatch.progress SET boundary = $1 "
                  "RETURNING (SELECT p.boundary FROM dispatch.progress p) AS earlier",
                  {boundary}));
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

std::optional<BoundMarket> bound_market(store::Txn& txn, std::string_view stream) {
    const auto row = txn.first(
        "SELECT chain_id, contracts AS job_manager FROM chain.cursor "
        "WHERE stream = $1 AND chain_id IS NOT NULL AND octet_length(contracts) = 20",
        {stream});
    return row ? std::optional(BoundMarket{ChainId{row->get<std::uint64_t>("chain_id")},
                                           row->get<Address>("job_manager")})
               : std::nullopt;
}

}  // namespace lamda::dispatch
