// Several endpoints of one chain behind one interface.
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

/// How the endpoints of a chain are asked.
struct RpcConfig {
    std::vector<std::string> urls;   ///< at least one; the first is asked first
    std::optional<ChainId> chain{};  ///< absent: the chain id of the first that answers
    Millis timeout{10'000};
    /// That many endpoints must name the same hash before a finalized block is believed.
    unsigned agreement = 1;
    std::uint32_t jitter_seed = std::random_device{}();
};

/// Asks the endpoint that last answered; when it fails the next, and when it is slow another one as well: the
/// first good answer wins. Each endpoint's chain id is checked before its first use. Transactions go to all.
/// Thread-safe, but for probe().
///
/// Every call may throw what the last endpoint asked threw; ConfigContradiction when every endpoint is on
/// another chain; header(finalized) also Disagreement.
class MultiRpc final : public eth::CallingRpc {
  public:
    /// @param transport outlives it
    MultiRpc(RpcConfig config, const Clock& clock, telemetry::Log log, net::Transport& transport);
    /// Over an HTTP client of its own.
    MultiRpc(RpcConfig config, const Clock& clock, telemetry::Log log);
    ~MultiRpc() override;

    std::optional<eth::Header> header(eth::BlockSpec block) override;
    using eth::CallingRpc::header;
    /// To every usable endpoint. Success when one accepts it or knows it already; else the last error.
    TxHash send_raw_transaction(BytesView raw) override;
    /// The same for several, in their order: one that some endpoint accepts is accepted. @throws when none
    /// answers
    std::vector<eth::SendOutcome> send_raw_transactions(const std::vector<Bytes>& raws) override;
    std::unique_ptr<eth::Sending> begin_sending(const std::vector<Bytes>& raws) override;
    std::string name() const override;

    /// Asks each endpoint for its head now and then, and takes what came; never waits. For one thread only.
    void probe();
    Endpoints& endpoints() { return endpoints_; }
    net::Transport& transport() { return transport_; }
    Millis timeout() const { return config_.timeout; }

  private:
    class HedgedCall;
    class Batches;
    struct Probe;

    void perform(const eth::RpcCall& rpc_call) override;
    /// Asks for its chain id, if that was never seen.
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
