// A remote signer with Web3Signer's eth1 interface, in this process: it really signs, and misbehaves on
// request.
#pragma once

#include <memory>
#include <string>

namespace lamda::testkit {

class SigningServer {
  public:
    enum class Manner {
        kGood,
        kNoKeysYet,   ///< an empty list, as while a vault is read
        kBusy,        ///< 503 to everything
        kHangs,       ///< signs nothing and does not answer
        kForeignKey,  ///< signs with another key than it was asked for
        kForbidden,   ///< 403 to everything
        kPage,        ///< 200 with what is neither a list nor a signature
    };

    /// @param key  64 hex digits; it holds another key beside it
    explicit SigningServer(const std::string& key);
    ~SigningServer();
    std::string url() const;
    void behave(Manner manner);
    int signatures() const;  ///< made so far
    int requests() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::testkit
