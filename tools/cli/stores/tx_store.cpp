#include "tools/cli/stores/tx_store.hpp"

namespace lamda::cli {
namespace {

TxState tx_of(const store::Row& row) {
    TxState out;
    out.key = row.get<std::string>("key");
    out.chain_id = row.get<std::uint64_t>("chain_id");
    out.wallet = row.get<Address>("wallet");
    out.state = row.get<std::string>("state");
    out.nonce = row.maybe<std::uint64_t>("nonce");
    out.recipient = row.get<Address>("recipient");
    out.value = row.get<U256>("value");
    out.data = row.get<Bytes>("data");
    out.gas_limit = row.maybe<std::uint64_t>("gas_limit");
    out.on_revert = row.get<std::string>("on_revert");
    out.operator_request = row.maybe<std::string>("wish");
    out.reverts = row.get<std::uint64_t>("reverts");
    out.reason = row.get<std::string>("reason");
    out.paid = row.get<U256>("paid");
    out.mined_tx = row.maybe<TxHash>("mined_tx");
    out.mined_block = row.maybe<BlockNum>("mined_block");
    out.mined_at = row.maybe<Timestamp>("mined_at");
    out.created_at = row.get<Timestamp>("created_at");
    out.updated_at = row.get<Timestamp>("updated_at");
    out.forms = row.get<std::uint64_t>("forms");
    out.max_fee = row.maybe<U256>("max_fee");
    out.newest = row.maybe<TxHash>("hash");
    return out;
}

std::vector<TxState> txs_of(const store::Rows& rows) {
    std::vector<TxState> out;
    for (const auto& row : rows) {
        out.push_back(tx_of(row));
    }
    return out;
}

}  // namespace

Result<std::string> tx_key(const std::string& text) {
    if (const auto job = JobId::parse(text)) {
        return "increment:" + job->hex();
    }
    if (text.empty() || text.size() > 255 || text.find(':') == std::string::npos) {
        return Error{
            "invalid_tx_key",
            "not a key; use a job's id (0x and 64 hex digits), or a key such as increment:0x… or fill:7", ""};
    }
    return text;
}

std::vector<TxState> read_txs(store::Database& database, const TxFilter& filter) {
    return database.transact([&](store::Txn& txn) {
        return txs_of(
            txn.exec("SELECT * FROM api.tx WHERE ($1::text IS NULL OR state = $1::text) "
                     "AND ($2::bytea IS NULL OR wallet = $2::bytea) ORDER BY id DESC LIMIT $3::int",
                     {filter.state, filter.wallet, std::uint64_t{filter.limit}}));
    });
}

std::vector<TxState> read_txs_of(store::Database& database, const std::string& key) {
    return database.transact([&](store::Txn& txn) {
        return txs_of(txn.exec("SELECT * FROM api.tx WHERE key = $1 ORDER BY id DESC", {key}));
    });
}

std::vector<TxForm> read_forms(store::Database& database, const TxState& tx) {
    return database.transact([&](store::Txn& txn) {
        std::vector<TxForm> out;
        for (const auto& row : txn.exec(
                 "SELECT nonce, hash, legacy, max_fee, max_priority_fee, cancels, stored_at FROM api.tx_form "
                 "WHERE key = $1 AND chain_id = $2 AND wallet = $3 ORDER BY stored_at, nonce, max_fee",
                 {tx.key, tx.chain_id, tx.wallet})) {
            out.push_back({row.get<std::uint64_t>("nonce"), row.get<TxHash>("hash"), row.get<bool>("legacy"),
                           row.get<U256>("max_fee"), row.get<U256>("max_priority_fee"),
                           row.get<bool>("cancels"), row.get<Timestamp>("stored_at")});
        }
        return out;
    });
}

std::string request_tx(store::Database& database, const std::string& key,
                       const std::string& operator_request) {
    return database.transact([&](store::Txn& txn) {
        return txn.one("SELECT api.wish_tx($1, $2) AS answer", {key, operator_request})
            .get<std::string>("answer");
    });
}

std::vector<WalletState> read_wallets(store::Database& database) {
    return database.transact([](store::Txn& txn) {
        std::vector<WalletState> out;
        for (const auto& row : txn.exec("SELECT * FROM api.wallet ORDER BY chain_id, address")) {
            out.push_back({row.get<std::uint64_t>("chain_id"), row.get<Address>("address"),
                           row.maybe<std::uint64_t>("next_nonce"), row.get<std::uint64_t>("waiting"),
                           row.get<std::uint64_t>("unmined"), row.get<std::uint64_t>("not_final"),
                           row.get<std::uint64_t>("failed"), row.get<U256>("paid_today")});
        }
        return out;
    });
}

std::optional<std::string> reputation_reader(store::Database& database) {
    return database.transact([](store::Txn& txn) -> std::optional<std::string> {
        const auto row = txn.first(
            "SELECT instance FROM api.stream WHERE stream IN ('reputation:bsc', "
            "'reputation:opbnb') AND instance_active LIMIT 1");
        return row ? row->maybe<std::string>("instance") : std::nullopt;
    });
}

Rebuilt rebuild_reputation(store::Database& database) {
    return database.transact([](store::Txn& txn) {
        const auto row = txn.one("SELECT * FROM api.rebuild_reputation()");
        Rebuilt out;
        out.refused = row.maybe<std::string>("refused").value_or("");
        if (out.refused.empty()) {
            out.increments = row.get<std::uint64_t>("increments");
            out.forgotten = row.get<std::uint64_t>("forgotten");
            out.kept = row.get<std::uint64_t>("kept");
            out.confirmations = row.get<std::uint64_t>("confirmations");
        }
        return out;
    });
}

}  // namespace lamda::cli
