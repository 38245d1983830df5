// RemoteSigner: signs with a key held elsewhere, over Web3Signer's HTTP interface for secp256k1
// (docs.web3signer.consensys.io, "ETH1"), which serves vaults and hardware modules.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "crypto/signer.hpp"
#include "net/transport.hpp"

namespace lamda::wallet {

/// Thread-safe. The signer hashes the message with keccak256. Every answer is checked: a signature by another
/// key than that of `address` is never returned.
class RemoteSigner final : public crypto::Signer {
  public:
    /// Connects at the first sign() or check().
    /// @param url      http(s)://host:port[/path]; its credentials are never shown
    /// @param address  selects the signer's key
    /// @param timeout  for one exchange
    RemoteSigner(std::string url, const Address& address, std::shared_ptr<net::Transport> transport,
                 Millis timeout = Millis(10'000));

    const Address& address() const override { return address_; }
    /// @throws Unavailable without an answer, or for 408, 429, 5xx; SigningRefused for another status, no
    /// signature, or a signature by another key
    crypto::Signature sign(BytesView message) const override;
    /// Requests the signer's public keys. @throws Unavailable if it has none (still loading); SigningRefused
    /// if ours is not among them
    void check() const override;

  private:
    std::string ask(net::HttpRequest request) const;
    std::string identifier() const;
    std::string look_up_identifier() const;

    std::string url_;
    Address address_;
    std::shared_ptr<net::Transport> transport_;
    Millis timeout_;
    mutable std::mutex mutex_;
    mutable std::optional<std::string> identifier_;  ///< under mutex: the public key in the signer's notation
};

}  // namespace lamda::wallet
