// The outbox: durable messages are written with the state that they speak of, in one transaction, and leave
// later.
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

/// Writes into bus.outbox. A message id that stands there already is left as it is.
void put_outbox(store::Txn& txn, const std::string& owner, const std::vector<OutboxMessage>& messages);

/// Whether a live feed may still wait for what happened then (5 min): history is not told.
bool is_recent(Timestamp at, Timestamp now);

}  // namespace lamda::outbox
