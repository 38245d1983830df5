// Parses and validates one JSON-RPC answer. Private to this library.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eth/codec/types.hpp"

namespace lamda::eth {

/// Every reader throws BadAnswer, which names the method, the member and the fault.
class RpcAnswer {
  public:
    /// @throws RpcError if the answer is an error object; BadAnswer if it is no answer to request `id`.
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
    /// Verifies the hash from the fields. @throws WrongHeader on a mismatch
    Header proven_header() const;
    std::vector<Log> logs() const;
    Receipt receipt() const;
    std::vector<Receipt> receipts() const;
    TransactionInfo transaction() const;
    /// `result` as JSON text.
    std::string text() const;
    /// Reports a fault that only the caller can detect, e.g. another block than requested. @throws BadAnswer
    [[noreturn]] void refuse(const std::string& why) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::eth
