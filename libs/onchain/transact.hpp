// One transaction of an interactive tool: estimate, sign, send, wait. Services use txsender::Sender instead,
// which survives being killed.
#pragma once

#include <stdexcept>
#include <string>

#include "core/clock.hpp"
#include "crypto/signer.hpp"
#include "eth/codec/transaction.hpp"
#include "eth/rpc.hpp"

namespace lamda::onchain {

struct TxRequest {
    std::optional<Address> to;  ///< absent: creates a contract from `data`
    Bytes data;
    U256 value = 0;
    std::string subject{};  ///< purpose ("job 0x…"), named in errors
};

/// The transaction would revert, or did. The message is the decoded reason.
class Reverted : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// Sent, but not known to be mined: it may still be. The message names the transaction.
class NotMined : public std::runtime_error {
  public:
    NotMined(const TxHash& hash, const std::string& what) : std::runtime_error(what), hash_(hash) {}
    const TxHash& hash() const { return hash_; }

  private:
    TxHash hash_;
};

/// Type 2; tip: the node's suggestion, at most 1 gwei; fee: at most twice the market. @param nonce absent:
/// the node's pending count. @throws Reverted; NotMined if no node confirmed the transaction; before that:
/// eth::RpcError, eth::BadAnswer, net::TransportError
TxHash submit(eth::Rpc& rpc, const crypto::Signer& signer, ChainId chain, const TxRequest& request,
              std::optional<std::uint64_t> nonce = std::nullopt);

/// Polls for the receipt; retries if a node fails meanwhile. @param subject as TxRequest::subject @throws
/// NotMined, Reverted
eth::Receipt wait_mined(eth::Rpc& rpc, const Clock& clock, const TxHash& hash,
                        Millis timeout = Millis(60'000), const std::string& subject = "");

/// submit() and wait_mined().
eth::Receipt transact(eth::Rpc& rpc, const Clock& clock, const crypto::Signer& signer, ChainId chain,
                      const TxRequest& request);

}  // namespace lamda::onchain
