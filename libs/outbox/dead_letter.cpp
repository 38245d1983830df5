#include "outbox/dead_letter.hpp"

#include "store/values.hpp"

namespace lamda::outbox {

bool put_dead_letter(store::Txn& txn, const std::string& owner, const std::string& subject,
                     const std::string& body, const std::string& reason) {
    constexpr std::size_t kMost = 64U << 10;
    return txn
        .first(
            "INSERT INTO bus.dead_letter (owner, subject, body, reason) SELECT $1, $2, $3, $4 "
            "WHERE (SELECT count(*) FROM (SELECT 1 FROM bus.dead_letter WHERE owner = $1 AND subject = $2 "
            "LIMIT $5) AS own) < $5 "
            "AND (SELECT count(*) FROM (SELECT 1 FROM bus.dead_letter WHERE owner = $1 LIMIT $6) AS every) "
            "< $6 RETURNING 1 AS kept",
            {owner, store::storable(subject, 512), as_bytes(std::string_view(body).substr(0, kMost)),
             store::storable(reason.empty() ? "refused" : reason, 1'024), kMostOfSubject, kMostOfOwner})
        .has_value();
}

}  // namespace lamda::outbox
