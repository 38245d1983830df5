// The real stream and the real projector over a projection that keeps a row for each log: what the tables of
// the services are, in the smallest form.
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
    std::function<void()> in_the_middle;  ///< called inside each transaction, after its rows were written

    static void create(store::Database& db);
    static std::vector<Row> read(store::Database& db);

    void apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState& state) override;
    void unwind(store::Txn& txn, const ingest::Unwind& unwind, const pgingest::StreamState& state) override;
    void boundary(store::Txn& txn, const pgingest::StreamState& state) override;
};

/// Runs from construction on, in a thread of its own. What the stream throws ends it and is kept.
class RowStream {
  public:
    RowStream(store::Database& db, const std::string& url, const Address& contract,
              std::function<void()> in_the_middle = {});
    ~RowStream();

    std::optional<BlockRef> cursor() { return sink_.cursor(); }
    telemetry::Check health() const { return health_.checks().at(std::string("chain:") + kStream); }
    std::string metrics() const { return metrics_.serialize(); }
    /// Why it ended by itself; empty: it runs.
    std::string ended();

  private:
    SystemClock clock_;
    telemetry::Metrics metrics_;
    telemetry::Health health_;
    Rows rows_;
    pgingest::Projector sink_;
    pgingest::WriteBehind behind_{sink_,
                                  1};  ///< every batch with a log, so that it is this way that they die
    std::unique_ptr<rpcpool::MultiRpc> rpc_;
    ingest::LogStream stream_;
    std::mutex mutex_;
    std::string ended_;
    std::jthread thread_;
};

}  // namespace lamda::chaos
