#include "chaos/row_stream.hpp"

namespace lamda::chaos {

namespace {

ingest::StreamConfig stream_config(const Address& contract) {
    ingest::StreamConfig out;
    out.name = kStream;
    out.contracts = {contract};
    out.chain_id = ChainId{97};
    out.finality.max_age = std::chrono::hours(24);
    return out;
}

}  // namespace

void Rows::create(store::Database& db) {
    db.transact([](store::Txn& txn) {
        txn.exec_script(
            "CREATE TABLE seen (block bigint, hash bytea, log_index bigint, tx bytea, data bytea, "
            "PRIMARY KEY (block, log_index))");
    });
}

std::vector<Row> Rows::read(store::Database& db) {
    return db.transact([](store::Txn& txn) {
        std::vector<Row> out;
        for (const auto& row : txn.exec("SELECT * FROM seen ORDER BY block, log_index")) {
            out.push_back(row_of(row.get<BlockNum>("block"), row.get<BlockHash>("hash"),
                                 row.get<std::uint64_t>("log_index"), row.get<TxHash>("tx"),
                                 row.get<Bytes>("data")));
        }
        return out;
    });
}

void Rows::apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState&) {
    for (const auto& log : batch.logs) {
        txn.exec("INSERT INTO seen (block, hash, log_index, tx, data) VALUES ($1, $2, $3, $4, $5)",
                 {log.block_num, log.block_hash, log.log_index, log.tx_hash, log.data});
    }
    if (in_the_middle) {
        in_the_middle();
    }
}

void Rows::unwind(store::Txn& txn, const ingest::Unwind& unwind, const pgingest::StreamState&) {
    txn.exec("DELETE FROM seen WHERE block > $1", {unwind.to.number});
    if (in_the_middle) {
        in_the_middle();
    }
}

void Rows::boundary(store::Txn&, const pgingest::StreamState&) {
    if (in_the_middle) {
        in_the_middle();
    }
}

RowStream::RowStream(store::Database& db, const std::string& url, const Address& contract,
                     std::function<void()> in_the_middle)
    : sink_(db, kStream, rows_),
      rpc_(std::make_unique<rpcpool::MultiRpc>(
          rpcpool::RpcConfig{.urls = {url}, .chain = ChainId{97}, .timeout = Millis(30'000)}, clock_,
          telemetry::Log::none())),
      stream_(stream_config(contract), *rpc_, behind_, {clock_, telemetry::Log::none(), metrics_, health_}) {
    rows_.in_the_middle = std::move(in_the_middle);
    thread_ = std::jthread([this](const std::stop_token& stop) {
        try {
            stream_.run(stop);
        } catch (const std::exception& error) {
            const std::lock_guard lock(mutex_);
            ended_ = error.what();
        }
    });
}

RowStream::~RowStream() {
    thread_.request_stop();
    thread_.join();
}

std::string RowStream::ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
}

}  // namespace lamda::chaos
