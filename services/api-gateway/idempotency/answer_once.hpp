// A request with an Idempotency-Key takes effect once: its answer is stored in the transaction of its effect.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "services/api-gateway/access/caller.hpp"
#include "services/api-gateway/idempotency/idempotency_key.hpp"
#include "store/database.hpp"

namespace lamda::gateway {

/// Owner and purpose of a key. Names contain no line break.
struct OnceScope {
    std::string operation;        ///< as `PUT /api/profiles/0x…`
    std::string caller;           ///< as `wallet 0x…`
    std::string token;            ///< the caller's secret; empty: the body has the proof
    std::size_t max_answers = 0;  ///< stored at a time for the caller; 0: unlimited
    std::chrono::minutes retention = std::chrono::hours(24);  ///< later requests delete what is older
};

/// True for an answer that was stored before.
bool is_replayed(const http::Response& response);

/// Answers that a wallet may have stored at a time.
inline constexpr std::size_t kMostStoredAnswers = 1'000;

/// The scope of an admitted caller with credentials.
OnceScope once_scope(std::string operation, const http::Request& request, const Caller& caller);
/// The scope of a sign-in, whose proof is in the body. Its answer is stored only as long as a nonce is valid:
/// any client that has the whole request can open it.
OnceScope sign_in_scope(const Address& wallet);

/// Returns the stored answer to an earlier request with this key and body, marked by the header
/// `Idempotency-Replayed: true`; nullopt: there is none, or no key.
/// @throws problem::Problem 422 `key_reused`: the key came with another body
std::optional<http::Response> find_answer(store::Database& database, const http::Request& request,
                                          const OnceScope& scope);

/// Runs `effect` in one transaction and stores its answer there, or returns the stored answer of
/// an earlier request as find_answer() does. Stored are the answers of effects only: an exception of `effect`
/// leaves the key unused. `effect` may run several times, of which one is committed. The stored bytes can be
/// opened only with the request's token and body.
/// @throws problem::Problem 409 `request_in_progress`: the same key is being answered; 422 `key_reused`;
/// 429 `too_many_stored_answers`
http::Response answer_once(store::Database& database, const http::Request& request, const OnceScope& scope,
                           const std::function<http::Response(store::Txn&)>& effect);

}  // namespace lamda::gateway
