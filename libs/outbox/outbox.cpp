#include "outbox/outbox.hpp"

#include "store/channels.hpp"
#include "store/values.hpp"

namespace lamda::outbox {

namespace {
constexpr std::chrono::minutes kFeedsWait{5};
}  // namespace

bool is_recent(Timestamp at, Timestamp now) {
    return now - at < kFeedsWait;
}

void put_outbox(store::Txn& txn, const std::string& owner, const std::vector<OutboxMessage>& messages) {
    if (messages.empty()) {
        return;
    }
    // The ids rise in the order of the messages: the relay publishes by id.
    txn.exec(
        "INSERT INTO bus.outbox (owner, subject, message_id, body) "
        "SELECT $1, m.subject, m.message_id, m.body "
        "FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS m (subject, message_id, body, "
        "place) "
        "ORDER BY m.place ON CONFLICT (message_id) DO NOTHING",
        {owner, store::array_of(messages, &OutboxMessage::subject),
         store::array_of(messages, &OutboxMessage::message_id),
         store::array_of(messages, &OutboxMessage::body)});
    txn.notify(store::kOutboxChannel, owner);
}

}  // namespace lamda::outbox
