#include "wallet/detail/remote_signer.hpp"

#include <nlohmann/json.hpp>

#include "core/json_writer.hpp"
#include "crypto/digest.hpp"

namespace lamda::wallet {

namespace {

using nlohmann::json;

constexpr auto kKeys = "/api/v1/eth1/publicKeys";
constexpr auto kSign = "/api/v1/eth1/sign/";
constexpr std::size_t kMostAnswer = 4U << 20;  // a list of some 30,000 keys

/// True for temporary statuses: RFC 9110, sections 15.5.9 and 15.6; RFC 6585, section 4.
bool passes(int status) {
    return status == 408 || status == 429 || status >= 500;
}

std::string_view without_line_end(std::string_view text) {
    return text.substr(0, text.find_last_not_of("\r\n") + 1);
}

}  // namespace

RemoteSigner::RemoteSigner(std::string url, const Address& address, std::shared_ptr<net::Transport> transport,
                           Millis timeout)
    : url_(std::move(url)), address_(address), transport_(std::move(transport)), timeout_(timeout) {
    while (url_.ends_with('/')) {
        url_.pop_back();
    }
}

/// Returns the body of a 200 answer. The request's `url` is a path.
std::string RemoteSigner::ask(net::HttpRequest request) const {
    const std::string what = "the signer at " + net::redact_url(url_);
    request.url.insert(0, url_);
    request.timeout = timeout_;
    request.connect_timeout = timeout_;
    request.max_body = kMostAnswer;
    net::HttpResponse answer;
    try {
        answer = transport_->send(request);
    } catch (const net::TransportError& error) {
        if (error.kind() == net::TransportError::Kind::kBadUrl) {
            throw crypto::SigningRefused(what + " has no usable URL");
        }
        throw crypto::Unavailable(what + " does not answer: " + error.what());
    }
    if (answer.status == 200) {
        return std::move(answer.body);
    }
    const std::string status = what + " answers with HTTP " + std::to_string(answer.status);
    if (passes(answer.status)) {
        throw crypto::Unavailable(status);
    }
    {
        const std::lock_guard lock(mutex_);
        identifier_.reset();  // 404: the signer's keys have changed
    }
    throw crypto::SigningRefused(status);
}

std::string RemoteSigner::look_up_identifier() const {
    net::HttpRequest request;
    request.url = kKeys;
    request.headers = {{"Accept", "application/json"}};
    const auto list = json::parse(ask(std::move(request)), nullptr, false);
    const std::string what = "the signer at " + net::redact_url(url_);
    if (!list.is_array()) {
        throw crypto::SigningRefused(what +
                                     " does not list its public keys: is it Web3Signer, in mode eth1?");
    }
    for (const auto& each : list) {
        const auto text = each.is_string() ? each.get<std::string>() : "";
        const auto key = from_hex(text);
        if (const auto address = key ? crypto::address_of_public_key(*key) : Error{};
            address && *address == address_) {
            return text;
        }
    }
    if (list.empty()) {
        throw crypto::Unavailable(what + " has not loaded any keys yet");
    }
    throw crypto::SigningRefused(what + " has " + std::to_string(list.size()) + " keys, but not the key of " +
                                 address_.hex());
}

std::string RemoteSigner::identifier() const {
    {
        const std::lock_guard lock(mutex_);
        if (identifier_) {
            return *identifier_;
        }
    }
    const auto found = look_up_identifier();
    const std::lock_guard lock(mutex_);
    identifier_ = found;
    return found;
}

void RemoteSigner::check() const {
    const auto found = look_up_identifier();
    const std::lock_guard lock(mutex_);
    identifier_ = found;
}

crypto::Signature RemoteSigner::sign(BytesView message) const {
    net::HttpRequest request;
    request.method = "POST";
    request.url = kSign + identifier();
    request.headers = {{"Content-Type", "application/json"}, {"Accept", "text/plain"}};
    request.body = JsonWriter().begin_object().key("data").text(to_hex(message)).end_object().take();
    const auto body = ask(std::move(request));
    const auto signature = crypto::Signature::from_hex65(without_line_end(body));
    const std::string what = "the signer at " + net::redact_url(url_);
    if (!signature) {
        throw crypto::SigningRefused(what +
                                     " answers with an invalid signature: " + signature.error().message);
    }
    const auto signer = crypto::recover(crypto::keccak256(message), *signature);
    if (!signer || *signer != address_) {
        throw crypto::SigningRefused(what + " has not signed with the key of " + address_.hex());
    }
    return *signature;
}

}  // namespace lamda::wallet
