// Client of one chain over several endpoints, behind one interface.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eth/calling_rpc.hpp"
#include "eth/pending_calls.hpp"
#include "rpcpool/endpoints.hpp"
#include "rpcpool/errors.hpp"

namespace lamda::rpcpool {

/// Settings for calls to the endpoints of one chain.
struct RpcConfig {
    std::vector<std::string> urls;   ///< at least one; the first is called first
    std::optional<ChainId> chain{};  ///< absent: the chain id of the first endpoint that answers
    Millis timeout{10'000};
    /// Number of endpoints that must report the same hash before a finalized block is accepted.
    unsigned agreement = 1;
    std::uint32_t jitter_seed = std::random_device{}();
};

/// Calls the endpoint that answered last. On failure it calls the next; on a slow answer it also calls
/// another, and the first good answer wins. The chain id of each endpoint is checked before its first use.
/// Transactions go to all endpoints. Thread-safe, except for probe().
///
/// Every call may throw the error of the last endpoint called; ConfigContradiction when every endpoint is on
/// another chain; header(finalized) also Disagreement.
class MultiRpc final : public eth::CallingRpc {
  public:
    /// @param transport must outlive this object
    MultiRpc(RpcConfig config, const Clock& clock, telemetry::Log log, net::Transport& transport);
    /// Uses its own HTTP client.
    MultiRpc(RpcConfig config, const Clock& clock, telemetry::Log log);
    ~MultiRpc() override;

    std::optional<eth::Header> header(eth::BlockSpec block) override;
    using eth::CallingRpc::header;
    /// Sends to every usable endpoint. Succeeds when one accepts or already knows the transaction; else
    /// throws the last error.
    TxHash send_raw_transaction(BytesView raw) override;
    /// Sends several, results in the same order. A transaction that one endpoint accepts is accepted. @throws
    /// when no endpoint answers
    std::vector<eth::SendOutcome> send_raw_transactions(const std::vector<Bytes>& raws) override;
    std::unique_ptr<eth::Sending> begin_sending(const std::vector<Bytes>& raws) override;
    std::string name() const override;

    /// Requests the head of each endpoint every 5 s and collects answers; never waits. One thread only.
    void probe();
    Endpoints& endpoints() { return endpoints_; }
    net::Transport& transport() { return transport_; }
    Millis timeout() const { return config_.timeout; }

  private:
    class HedgedCall;
    class Batches;
    struct Probe;

    void perform(const eth::RpcCall& rpc_call) override;
    /// Requests the chain id if it is not known.
    void ensure_checked(std::size_t endpoint);
    std::optional<eth::Header> agreed(const eth::Header& header);

    RpcConfig config_;
    const Clock& clock_;
    std::unique_ptr<net::Transport> own_transport_;
    net::Transport& transport_;
    Endpoints endpoints_;
    std::unique_ptr<eth::PendingCalls> probing_;
    std::map<eth::PendingCalls::Id, std::unique_ptr<Probe>> probes_;
    std::optional<Steady> probed_;
    std::mutex agreed_mutex_;
    std::optional<BlockRef> agreed_;
};

}  // namespace lamda::rpcpool
