#include "outbox/outbox.hpp"

#include <algorithm>
#include <span>

#include "store/channels.hpp"
#include "store/values.hpp"

namespace lamda::outbox {

namespace {
constexpr std::chrono::minutes kFeedsWait{5};
/// Rows of one statement: PostgreSQL would write larger parameters to temporary files.
constexpr std::size_t kRowsAtOnce = 1'000;
}  // namespace

bool is_recent(Timestamp at, Timestamp now) {
    return now - at < kFeedsWait;
}

void put_outbox(store::Txn& txn, const std::string& owner, const std::vector<OutboxMessage>& messages) {
    if (messages.empty()) {
        return;
    }
    const std::span<const OutboxMessage> all(messages);
    for (std::size_t at = 0; at < all.size(); at += kRowsAtOnce) {
        const auto rows = all.subspan(at, std::min(kRowsAtOnce, all.size() - at));
        // The ids rise in the order of the messages: the relay publishes by id. The notification is part of
        // the statement, which saves a round trip; PostgreSQL sends equal ones of a transaction once.
        txn.exec(
            "WITH put AS (INSERT INTO bus.outbox (owner, subject, message_id, body) "
            "SELECT $1, m.subject, m.message_id, m.body "
            "FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS m (subject, message_id, "
            "body, place) ORDER BY m.place ON CONFLICT (message_id) DO NOTHING) SELECT pg_notify($5, $1)",
            {owner, store::array_of(rows, &OutboxMessage::subject),
             store::array_of(rows, &OutboxMessage::message_id), store::array_of(rows, &OutboxMessage::body),
             store::kOutboxChannel});
    }
}

}  // namespace lamda::outbox
