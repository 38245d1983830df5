#include "pgledger/detail/intent_rows.hpp"

#include <map>

#include "store/values.hpp"

namespace lamda::pgledger {

namespace {

// Bounds a value that no transaction can have: a bad row must not prevent reading the others. The signing
// policy refuses the intent.

std::string wei(const std::string& column) {
    return "least(" + column +
           ", 115792089237316195423570985008687907853269984665640564039457584007913129639935) AS ";
}
std::string time_of(const std::string& column) {
    return "greatest(least(" + column + ", '9999-12-31Z'), '1970-01-01Z') AS ";
}

}  // namespace

const std::string& intent_columns() {
    static const std::string columns = "i.id, i.key, i.recipient, " + wei("i.value") +
                                       "value, i.data, i.on_revert, i.state, i.nonce, "
                                       "least(i.gas_limit, 9223372036854775807) AS gas_limit, i.reason, "
                                       "i.mined_tx, i.mined_block, i.mined_hash, i.wish, "
                                       "greatest(i.reverts, 0) AS reverts, " +
                                       time_of("i.updated_at") + "updated_at";
    return columns;
}

namespace {

const std::string& form_columns() {
    static const std::string columns = "x.intent_id, x.nonce, x.hash, x.raw, x.legacy, x.cancels, " +
                                       wei("x.max_fee") + "max_fee, " + wei("x.max_priority_fee") +
                                       "max_priority_fee, " + time_of("x.stored_at") + "stored_at";
    return columns;
}

txsender::TxQueueEntry entry_of(const store::Row& row) {
    txsender::TxQueueEntry out;
    out.intent.key = row.get<std::string>("key");
    out.intent.to = row.get<Address>("recipient");
    out.intent.value = row.get<U256>("value");
    out.intent.data = row.get<Bytes>("data");
    out.intent.on_revert = txsender::parse_on_revert(row.get<std::string>("on_revert")).value();
    out.state = txsender::parse_intent_state(row.get<std::string>("state")).value();
    out.nonce = row.maybe<std::uint64_t>("nonce");
    out.gas_limit = row.maybe<std::uint64_t>("gas_limit");
    out.reason = row.get<std::string>("reason");
    out.mined_tx = row.maybe<TxHash>("mined_tx");
    if (!row.is_null("mined_block") && !row.is_null("mined_hash")) {
        out.mined_in = BlockRef{row.get<BlockNum>("mined_block"), row.get<BlockHash>("mined_hash")};
    }
    if (const auto operator_request = row.maybe<std::string>("wish")) {
        out.operator_request = txsender::parse_operator_request(*operator_request).value();
    }
    out.reverts = row.get<std::uint32_t>("reverts");
    out.updated_at = row.get<Timestamp>("updated_at");
    return out;
}

}  // namespace

std::vector<txsender::TxQueueEntry> entries_of(store::Txn& txn, const store::Rows& rows) {
    std::vector<txsender::TxQueueEntry> out;
    std::map<std::int64_t, std::size_t> index;
    for (const auto& row : rows) {
        index[row.get<std::int64_t>("id")] = out.size();
        out.push_back(entry_of(row));
    }
    std::vector<std::int64_t> ids;
    for (const auto& [id, place] : index) {
        if (out[place].nonce) {
            ids.push_back(id);
        }
    }
    if (ids.empty()) {
        return out;
    }
    // No join: with stale statistics the planner scans one table for each row of the other.
    for (const auto& row : txn.exec("SELECT " + form_columns() +
                                        " FROM chain.tx x WHERE x.intent_id = ANY ($1::bigint[]) "
                                        "ORDER BY x.intent_id, x.stored_at, x.max_fee",
                                    {store::array_of(ids)})) {
        auto& entry = out[index.at(row.get<std::int64_t>("intent_id"))];
        // After an intent gave up its nonce, the old bytes are kept for the record only.
        if (entry.nonce != row.get<std::uint64_t>("nonce")) {
            continue;
        }
        txsender::StoredTx tx;
        tx.hash = row.get<TxHash>("hash");
        tx.raw = row.get<Bytes>("raw");
        tx.fee = {row.get<bool>("legacy"), row.get<U256>("max_fee"), row.get<U256>("max_priority_fee")};
        tx.stored_at = row.get<Timestamp>("stored_at");
        tx.cancels = row.get<bool>("cancels");
        entry.txs.push_back(std::move(tx));
    }
    return out;
}

}  // namespace lamda::pgledger
