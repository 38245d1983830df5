#include "services/api-gateway/routes/idempotency.hpp"

#include "crypto/digest.hpp"

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
        throw http::invalid({"invalid_key", "Idempotency-Key must have 1 to 128 bytes", ""},
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
        txn.exec(
            "DELETE FROM gateway.submission_key WHERE key IN (SELECT key FROM gateway.submission_key "
            "WHERE kept_until < now() LIMIT 100 FOR UPDATE SKIP LOCKED)");
        // Keys of older releases do not contain the renter: the same body keeps its salt.
        const auto older = txn.first(
            "SELECT salt FROM gateway.submission_key WHERE key = $1::bytea AND body = $2::bytea AND "
            "kept_until > now()",
            {digest_of(*key), digest});
        const Bytes32 salt = older ? older->get<Bytes32>("salt") : spec.salt;
        return txn.one(
            "INSERT INTO gateway.submission_key AS k (key, body, salt, kept_until) "
            "VALUES ($1::bytea, $2::bytea, $3::bytea, now() + interval '24 hours') "
            "ON CONFLICT (key) DO UPDATE SET "
            "body = CASE WHEN k.kept_until < now() THEN excluded.body ELSE k.body END, "
            "salt = CASE WHEN k.kept_until < now() THEN excluded.salt ELSE k.salt END, "
            "kept_until = CASE WHEN k.kept_until < now() THEN excluded.kept_until ELSE k.kept_until END "
            "RETURNING body, salt",
            {name, digest, salt});
    });
    if (first.get<Bytes32>("body") != digest) {
        throw http::Problem{422,
                            "key_reused",
                            "",
                            "this Idempotency-Key was used with another body",
                            {{"Idempotency-Key", "key_reused", "use a new key for another job"}}};
    }
    spec.salt = first.get<Bytes32>("salt");
    return spec;
}

}  // namespace lamda::gateway
