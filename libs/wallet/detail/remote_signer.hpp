// A key that somebody else keeps: Web3Signer's HTTP interface for secp256k1 (docs.web3signer.consensys.io,
// "ETH1"), behind which vaults and hardware modules stand.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "crypto/signer.hpp"
#include "net/transport.hpp"

namespace lamda::wallet {

/// Thread-safe. The signer hashes what it is given with keccak256. Every answer is checked: a signature by
/// another key than that of `address` never comes out of here.
class RemoteSigner final : public crypto::Signer {
  public:
    /// Connects when first asked to sign or check.
    /// @param url      http(s)://host:port[/path]; credentials in it are never shown
    /// @param address  which of its keys
    /// @param timeout  of one exchange
    RemoteSigner(std::string url, const Address& address, std::shared_ptr<net::Transport> transport,
                 Millis timeout = Millis(10'000));

    const Address& address() const override { return address_; }
    /// No answer, 408, 429, 5xx: @throws Unavailable. Another status, no signature, or one by another
    /// key: @throws SigningRefused
    crypto::Signature sign(BytesView message) const override;
    /// Asks for its public keys. None at all: @throws Unavailable (they are being loaded). Not ours
    /// among them: @throws SigningRefused
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
    mutable std::optional<std::string> identifier_;  ///< under mutex: the public key, as the signer writes it
};

}  // namespace lamda::wallet
