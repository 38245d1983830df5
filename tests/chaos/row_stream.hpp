// The real stream and the real projector with a minimal projection: one row for each log.
#pragma once

#include <functional>
#include <thread>

#include "chaos/logging_chain.hpp"
#include "pgingest/projector.hpp"
#include "pgingest/write_behind.hpp"
#include "rpcpool/multi_rpc.hpp"

namespace lamda::chaos {

constexpr auto kStream = "chaos:rows";

class Rows final : public pgingest::Projection {
  public:
    std::function<void()> in_the_middle;  ///< called inside each transaction, after its rows are written

    static void create(store::Database& db);
    static std::vector<Row> read(store::Database& db);

    void apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState& state) override;
    void unwind(store::Txn& txn, const ingest::Unwind& unwind, const pgingest::StreamState& state) override;
    void boundary(store::Txn& txn, const pgingest::StreamState& state) override;
};

/// Runs on its own thread from construction on. Ends on an exception of the stream, and stores it.
class RowStream {
  public:
    RowStream(store::Database& db, const std::string& url, const Address& contract,
              std::function<void()> in_the_middle = {});
    ~RowStream();

    std::optional<BlockRef> cursor() { return sink_.cursor(); }
    telemetry::Check health() const { return health_.checks().at(std::string("chain:") + kStream); }
    std::string metrics() const { return metrics_.serialize(); }
    /// Text of the exception that ended it; empty: running.
    std::string ended();

  private:
    SystemClock clock_;
    telemetry::Metrics metrics_;
    telemetry::Health health_;
    Rows rows_;
    pgingest::Projector sink_;
    pgingest::WriteBehind behind_{sink_, 1};  ///< commits every batch with a log, so that kills hit that path
    std::unique_ptr<rpcpool::MultiRpc> rpc_;
    ingest::LogStream stream_;
    std::mutex mutex_;
    std::string ended_;
    std::jthread thread_;
};

}  // namespace lamda::chaos
