#include "eth/rpc_client.hpp"

#include <atomic>

#include "net/http_client.hpp"

namespace lamda::eth {

struct HttpRpc::Impl {
    std::string url;
    Millis timeout;
    std::unique_ptr<net::HttpClient> own;
    net::Transport& transport;
    std::atomic<std::uint64_t> next_id = 1;
};

HttpRpc::HttpRpc(std::string url, Millis timeout) {
    auto own = std::make_unique<net::HttpClient>();
    auto& transport = *own;
    impl_ = std::make_unique<Impl>(std::move(url), timeout, std::move(own), transport);
}
HttpRpc::HttpRpc(std::string url, Millis timeout, net::Transport& transport)
    : impl_(std::make_unique<Impl>(std::move(url), timeout, nullptr, transport)) {}
HttpRpc::~HttpRpc() = default;

std::string HttpRpc::name() const {
    return net::redact_url(impl_->url);
}

void HttpRpc::perform(const RpcCall& rpc_call) {
    const std::uint64_t id = impl_->next_id++;
    auto response = impl_->transport.send(to_http(rpc_call, impl_->url, id, impl_->timeout));
    rpc_call.read(id, response);
}

}  // namespace lamda::eth
