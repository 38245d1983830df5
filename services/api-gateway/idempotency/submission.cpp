#include "services/api-gateway/idempotency/submission.hpp"

#include "crypto/digest.hpp"
#include "services/api-gateway/idempotency/idempotency_key.hpp"
#include "services/api-gateway/idempotency/submission_store.hpp"

namespace lamda::gateway {

namespace {

Bytes32 digest_of(const std::string& text) {
    return crypto::sha256(as_bytes(text));
}

/// Keys are separate for each renter. Keys of older releases do not contain the renter: the same body keeps
/// its salt.
Bytes32 name_of(const Address& renter, const std::string& key) {
    return digest_of("submission\n" + renter.hex() + "\n" + key);
}

/// Returns the spec with the salt of the key's first request. @throws problem::Problem 422
wire::JobSpec of_first(wire::JobSpec spec, const Bytes32& body, const KeyedSubmission& first) {
    if (first.body != body) {
        throw key_reused("use a new key for another job");
    }
    spec.salt = first.salt;
    return spec;
}

}  // namespace

std::optional<wire::JobSpec> find_submitted(const Parts& parts, const http::Request& request,
                                            const std::string& body, wire::JobSpec spec) {
    const auto key = idempotency_key(request);
    if (!key) {
        return std::nullopt;
    }
    const Bytes32 digest = digest_of(body);
    const auto first = parts.database.transact([&](store::Txn& txn) -> std::optional<KeyedSubmission> {
        if (const auto bound = read_submission(txn, name_of(spec.renter, *key))) {
            return bound;
        }
        const auto older = read_salt(txn, digest_of(*key), digest);
        return older ? std::optional(KeyedSubmission{digest, *older}) : std::nullopt;
    });
    return first ? std::optional(of_first(std::move(spec), digest, *first)) : std::nullopt;
}

wire::JobSpec submitted_once(const Parts& parts, const http::Request& request, const std::string& body,
                             wire::JobSpec spec) {
    const auto key = idempotency_key(request);
    if (!key) {
        return spec;
    }
    const Bytes32 digest = digest_of(body);
    const auto first = parts.database.transact([&](store::Txn& txn) {
        drop_expired_keys(txn);
        const auto older = read_salt(txn, digest_of(*key), digest);
        return put_submission(txn, name_of(spec.renter, *key), {digest, older.value_or(spec.salt)});
    });
    return of_first(std::move(spec), digest, first);
}

}  // namespace lamda::gateway
