// A remote signer with Web3Signer's eth1 interface, in this process: it makes real signatures, and faults on
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
        kBusy,        ///< 503 to every request
        kHangs,       ///< signs nothing and does not answer
        kForeignKey,  ///< signs with another key than requested
        kForbidden,   ///< 403 to every request
        kPage,        ///< 200 with content that is neither a list nor a signature
    };

    /// @param key  64 hex digits; the server holds a second key as well
    explicit SigningServer(const std::string& key);
    ~SigningServer();
    std::string url() const;
    void behave(Manner manner);
    int signatures() const;  ///< number of signatures so far
    int requests() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::testkit
