#include "net/http_client.hpp"

#include <algorithm>
#include <mutex>

#include "net/detail/curl_exchange.hpp"
#include "net/detail/handle_pool.hpp"
#include "net/detail/reactor.hpp"

namespace lamda::net {
namespace {

void init_curl_once() {
    static std::once_flag once;
    std::call_once(once, [] {
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
            throw std::runtime_error("libcurl could not be initialised");
        }
    });
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::optional<std::string> HttpResponse::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (std::equal(key.begin(), key.end(), name.begin(), name.end(),
                       [](char a, char b) { return lower(a) == lower(b); })) {
            return value;
        }
    }
    return std::nullopt;
}

struct HttpClient::Impl {
    Pool<Easy> easies;
    std::mutex mutex;
    std::unique_ptr<Reactor> reactor;
};

HttpClient::HttpClient() : impl_((init_curl_once(), std::make_unique<Impl>())) {}
HttpClient::~HttpClient() = default;

HttpResponse HttpClient::send(const HttpRequest& request) {
    Loan<Easy> handle(impl_->easies, curl_easy_init);
    CurlExchange exchange(handle.get(), request);
    const CURLcode code = curl_easy_perform(handle.get());
    if (code != CURLE_OK) {
        // Its connection is unusable, and libcurl 7.88 refuses to set up a handle again after a bad URL.
        handle.discard();
    }
    return exchange.finish(code);
}

std::unique_ptr<Exchanges> HttpClient::exchanges() {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->reactor) {
        impl_->reactor = std::make_unique<Reactor>();
    }
    return std::make_unique<ReactorExchanges>(*impl_->reactor);
}

}  // namespace lamda::net
