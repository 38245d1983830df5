// Reads one JSON-RPC answer and insists on its shape. Private to this library.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eth/codec/types.hpp"

namespace lamda::eth {

/// Every reader throws BadAnswer, naming the method, the member and what is wrong with it.
class RpcAnswer {
  public:
    /// @throws RpcError when the node answered with an error object; BadAnswer when it is no answer to
    /// request `id`.
    RpcAnswer(std::string_view method, std::uint64_t id, int http_status, const std::string& body);
    ~RpcAnswer();
    RpcAnswer(const RpcAnswer&) = delete;
    RpcAnswer& operator=(const RpcAnswer&) = delete;

    bool is_null() const;
    U256 quantity() const;
    std::uint64_t u64() const;
    Bytes bytes() const;
    TxHash tx_hash() const;
    Header header() const;
    /// Its hash is that of its fields. @throws WrongHeader when it is not
    Header proven_header() const;
    std::vector<Log> logs() const;
    Receipt receipt() const;
    std::vector<Receipt> receipts() const;
    TransactionInfo transaction() const;
    /// `result` as JSON text.
    std::string text() const;
    /// For what only the caller can see is wrong, e.g. another block than asked for.
    [[noreturn]] void refuse(const std::string& why) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::eth
