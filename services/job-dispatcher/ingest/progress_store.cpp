#include "services/job-dispatcher/ingest/progress_store.hpp"

#include <string>

namespace lamda::dispatch {

namespace {

/// Columns of NewlyFinal. A statement sees the row as it was before the statement's own change.
constexpr std::string_view kReturning =
    " RETURNING (SELECT p.boundary FROM dispatch.progress p) AS earlier, "
    "EXISTS (SELECT FROM dispatch.early_status) AS early, dispatch.left_out() > 0 AS left_out";

NewlyFinal newly_final(const std::optional<store::Row>& row, BlockNum boundary) {
    NewlyFinal out;
    out.boundary = boundary;
    if (row) {
        out.after = row->maybe<BlockNum>("earlier").value_or(BlockNum{});
        out.early_statuses = row->get<bool>("early");
        out.indexes_left_out = row->get<bool>("left_out");
    }
    return out;
}

}  // namespace

NewlyFinal save_progress(store::Txn& txn, BlockNum head, BlockNum boundary) {
    static const std::string kSql =
        "INSERT INTO dispatch.progress (head, boundary) VALUES ($1, $2) "
        "ON CONFLICT (one) DO UPDATE SET head = excluded.head, boundary = excluded.boundary" +
        std::string(kReturning);
    return newly_final(txn.first(kSql, {head, boundary}), boundary);
}

NewlyFinal save_boundary(store::Txn& txn, BlockNum boundary) {
    static const std::string kSql = "UPDATE dispatch.progress SET boundary = $1" + std::string(kReturning);
    return newly_final(txn.first(kSql, {boundary}), boundary);
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
