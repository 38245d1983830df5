// Backfill: reads final, deep blocks ahead of the caller that applies them. Several eth_getLogs windows are
// in flight at once and are delivered in order.
#pragma once

#include <list>
#include <map>
#include <memory>

#include "ingest/proof/blocks_read.hpp"
#include "rpcpool/multi_rpc.hpp"

namespace lamda::ingest {

/// A window of more than one block that fails is split, whatever the failure; the range limit of each
/// endpoint is learned. Where no endpoint answers eth_getLogs, headers are read, and the receipts of blocks
/// whose bloom may match. At most 4 answers of at most 8 MiB are in memory at once.
class Backfill {
  public:
    static constexpr std::uint64_t kMostByReceipts = 50'000;

    /// @param verify read all logs from receipts, and require that their root is the header's and that the
    /// header's hash is that of its fields
    Backfill(rpcpool::MultiRpc& rpc, eth::LogFilter filter, const Clock& clock, bool verify);
    ~Backfill();

    /// Returns the blocks that follow `after`: from … at most `to`. Waits at most 1 s for the first of them
    /// (`waiting`), and reads ahead up to `to`.
    /// @throws the error of the last endpoint called; RpcError if it needs receipts of more than 50,000
    /// blocks
    BlocksRead next(const std::optional<BlockRef>& after, BlockNum from, BlockNum to);
    /// Drops the blocks that were read ahead.
    void forget();

  private:
    struct Window;
    using Windows = std::list<std::unique_ptr<Window>>;
    using Id = eth::PendingCalls::Id;

    std::size_t choose(BlockNum block, std::optional<std::size_t> but_not) const;
    bool by_receipts(std::size_t endpoint) const;
    void plan(BlockNum to);
    void begin(Windows::iterator at);
    void cut(Windows::iterator at, std::uint64_t most);
    void ask(Window& window, eth::RpcCall rpc_call);
    eth::RpcCall small_call(Window& window, BlockNum block) const;
    void pump();
    void take(const eth::PendingCalls::Answered& answered);
    void take_logs(Window& window, std::size_t bytes);
    bool ask_for_absent_headers(Window& window);
    void headers_complete(Window& window);
    void finish(Window& window);
    void failed(Window& window, const std::exception_ptr& error, bool in_logs);
    void start_over(Window& window);
    BlocksRead deliver(const std::optional<BlockRef>& after);

    rpcpool::MultiRpc& rpc_;
    eth::LogFilter filter_;
    const Clock& clock_;
    bool verify_;
    std::unique_ptr<eth::PendingCalls> pending_;
    Windows windows_;
    std::map<Id, Window*> asked_;  ///< window of each call in flight; windows keep their address
    BlockNum next_;                ///< first block that no window covers yet
    std::exception_ptr failure_;
};

}  // namespace lamda::ingest
