#include "services/api-gateway/idempotency/answer_once.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "crypto/digest.hpp"
#include "crypto/seal.hpp"
#include "services/api-gateway/access/cookie.hpp"
#include "services/api-gateway/access/operator_access.hpp"
#include "services/api-gateway/idempotency/answer_store.hpp"
#include "services/api-gateway/session/nonce.hpp"

namespace lamda::gateway {

namespace {

using nlohmann::json;

constexpr int kRetryInProgress = 1;   ///< seconds
constexpr int kRetryTooMany = 3'600;  ///< seconds
constexpr const char* kReplayed = "Idempotency-Replayed";

Bytes32 digest_of(const std::string& text) {
    return crypto::sha256(as_bytes(text));
}

/// One request of a scope and a key.
struct KeyedRequest {
    Bytes32 name;
    Bytes32 caller;
    Bytes32 request;
    /// Its private key follows from the token and the body, which the database does not have.
    std::unique_ptr<crypto::LocalSigner> seal;
};

KeyedRequest keyed_request(const http::Request& request, const OnceScope& scope, const std::string& key) {
    const auto token = digest_of(scope.token).hex();
    const auto secret = digest_of("stored answer's seal\n" + scope.token + "\n" + key + "\n" + request.body);
    auto signer = crypto::LocalSigner::from_bytes(secret.view());
    if (!signer) {
        throw std::logic_error("a digest is no private key: a chance of 1 in 2^127");
    }
    return {digest_of("stored answer\n" + scope.caller + "\n" + token + "\n" + scope.operation + "\n" + key),
            digest_of(scope.caller), digest_of(request.body), *std::move(signer)};
}

Bytes sealed_of(const http::Response& response, const KeyedRequest& keyed) {
    const auto text = json{
        {"status", response.status},
        {"content_type", response.content_type},
        {"headers", response.headers},
        {"body",
         response.body}}.dump();
    return crypto::seal(as_bytes(text), keyed.seal->public_key(), keyed.name.view()).value();
}

/// @throws problem::Problem 422
http::Response opened(const StoredAnswer& stored, const KeyedRequest& keyed) {
    if (stored.request != keyed.request) {
        throw key_reused("use a new key for another request");
    }
    const auto text = crypto::open_sealed(stored.sealed, *keyed.seal, keyed.name.view()).value();
    const auto document = json::parse(text.view().begin(), text.view().end());
    http::Response out;
    out.status = document.at("status");
    out.content_type = document.at("content_type");
    out.body = document.at("body");
    out.headers = document.at("headers").get<decltype(out.headers)>();
    out.headers.emplace_back(kReplayed, "true");
    return out;
}

problem::Problem later(int status, const char* code, const char* detail, int retry_after) {
    problem::Problem out{status, code, "", detail, {}};
    out.retry_after = retry_after;
    return out;
}

std::string token_of(const http::Request& request) {
    return request.headers.contains("authorization") ? bearer_token(request) : session_cookie_of(request);
}

}  // namespace

bool is_replayed(const http::Response& response) {
    return std::any_of(response.headers.begin(), response.headers.end(),
                       [](const auto& header) { return header.first == kReplayed; });
}

OnceScope once_scope(std::string operation, const http::Request& request, const Caller& caller) {
    if (const auto wallet = caller.wallet()) {
        return {std::move(operation), "wallet " + wallet->hex(), token_of(request), kMostStoredAnswers};
    }
    return {std::move(operation), caller.key ? "key " + caller.key->id : "operator", token_of(request)};
}

OnceScope sign_in_scope(const Address& wallet) {
    return {"POST /api/session", "wallet " + wallet.hex(), "", kMostStoredAnswers,
            std::chrono::duration_cast<std::chrono::minutes>(kNonceValidity)};
}

std::optional<http::Response> find_answer(store::Database& database, const http::Request& request,
                                          const OnceScope& scope) {
    const auto key = idempotency_key(request);
    if (!key) {
        return std::nullopt;
    }
    const auto keyed = keyed_request(request, scope, *key);
    const auto stored = database.transact([&](store::Txn& txn) { return read_answer(txn, keyed.name); });
    return stored ? std::optional(opened(*stored, keyed)) : std::nullopt;
}

http::Response answer_once(store::Database& database, const http::Request& request, const OnceScope& scope,
                           const std::function<http::Response(store::Txn&)>& effect) {
    const auto key = idempotency_key(request);
    if (!key) {
        return database.transact([&](store::Txn& txn) { return effect(txn); });
    }
    const auto keyed = keyed_request(request, scope, *key);
    return database.transact([&](store::Txn& txn) {
        if (!lock_answer(txn, keyed.name)) {
            throw later(409, "request_in_progress", "a request with this Idempotency-Key is being answered",
                        kRetryInProgress);
        }
        if (const auto stored = read_answer(txn, keyed.name)) {
            return opened(*stored, keyed);
        }
        if (scope.max_answers > 0 &&
            count_answers(txn, keyed.caller, scope.max_answers) >= scope.max_answers) {
            throw later(429, "too_many_stored_answers",
                        "this wallet has used as many Idempotency-Keys as a day allows", kRetryTooMany);
        }
        auto response = effect(txn);
        put_answer(txn, keyed.name, {keyed.caller, keyed.request, sealed_of(response, keyed)},
                   scope.retention);
        return response;
    });
}

}  // namespace lamda::gateway
