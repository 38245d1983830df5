// HTTP client: one deadline for the whole exchange; connections are kept and reused (libcurl).
#pragma once

#include <memory>

#include "net/transport.hpp"

namespace lamda::net {

/// Thread-safe. Does not follow redirects. send() runs in the caller's thread; exchanges() run on one multi
/// handle in a thread that starts on first use, so that they continue while their callers are busy.
class HttpClient final : public Transport {
  public:
    HttpClient();
    ~HttpClient() override;
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    HttpResponse send(const HttpRequest& request) override;
    std::unique_ptr<Exchanges> exchanges() override;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::net
