// JSON-RPC 2.0 over HTTP to one EVM node.
#pragma once

#include <memory>
#include <string>

#include "eth/calling_rpc.hpp"
#include "net/transport.hpp"

namespace lamda::eth {

/// Thread-safe. Answers over 8 MiB are refused (net::TransportError kTooLarge).
class HttpRpc final : public CallingRpc {
  public:
    HttpRpc(std::string url, Millis timeout);
    /// Uses `transport`, which outlives this object.
    HttpRpc(std::string url, Millis timeout, net::Transport& transport);
    ~HttpRpc() override;

    std::string name() const override;

  private:
    void perform(const RpcCall& rpc_call) override;

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::eth
