#include "services/api-gateway/routes/idempotency.hpp"

#include "crypto/digest.hpp"
#include "services/api-gateway/routes/idempotency_store.hpp"

namespace lamda::gateway {

namespace {

constexpr std::size_t kLongestKey = 128;

Bytes32 digest_of(const std::string& text) {
    return crypto::sha256(as_bytes(text));
}

}  // namespace

std::optional<std::string> idempotency_key(const http::Request& request) {
    const auto header = request.headers.find("idempotency-key");
    if (header == request.headers.end()) {
        return std::nullopt;
    }
    if (header->second.empty() || header->second.size() > kLongestKey) {
        throw problem::invalid({"invalid_key", "Idempotency-Key must have 1 to 128 bytes", ""},
                               "Idempotency-Key");
    }
    return header->second;
}

std::string command_id(const http::Request& request, const std::string& caller) {
    const auto key = idempotency_key(request);
    // Callers contain no line break.
    return key ? digest_of(caller + "\n" + *key).hex() : request.request_id;
}

wire::JobSpec submitted_once(const Parts& parts, const http::Request& request, const std::string& body,
                             wire::JobSpec spec) {
    const auto key = idempotency_key(request);
    if (!key) {
        return spec;
    }
    const Bytes32 digest = digest_of(body);
    // Keys are separate for each renter.
    const Bytes32 name = digest_of("submission\n" + spec.renter.hex() + "\n" + *key);
    const auto first = parts.database.transact([&](store::Txn& txn) {
        drop_expired_keys(txn);
        // Keys of older releases do not contain the renter: the same body keeps its salt.
        const auto older = read_salt(txn, digest_of(*key), digest);
        return put_submission(txn, name, {digest, older.value_or(spec.salt)});
    });
    if (first.body != digest) {
        throw problem::Problem{422,
                               "key_reused",
                               "",
                               "this Idempotency-Key was used with another body",
                               {{"Idempotency-Key", "key_reused", "use a new key for another job"}}};
    }
    spec.salt = first.salt;
    return spec;
}

}  // namespace lamda::gateway
