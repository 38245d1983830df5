// The outbox: a durable message is written in the transaction that holds the state it reports, and is
// published later.
#pragma once

#include <string>
#include <vector>

#include "core/clock.hpp"
#include "store/database.hpp"

namespace lamda::outbox {

/// One message to be published. `message_id` is `kind:cause:recipient` and unique in the outbox.
struct OutboxMessage {
    std::string subject;
    std::string message_id;
    std::string body;
};

/// Inserts into bus.outbox. Does not change a message whose id is already there.
void put_outbox(store::Txn& txn, const std::string& owner, const std::vector<OutboxMessage>& messages);

/// True if the event is recent enough (5 min) for live feeds: older events are not published.
bool is_recent(Timestamp at, Timestamp now);

}  // namespace lamda::outbox
