#include "pipeline/outbox.hpp"

namespace lamda::pipeline {

void put_outbox(store::Txn& txn, const std::string& owner, const std::vector<OutboxMessage>& messages) {
    for (const auto& message : messages) {
        txn.exec(
            "INSERT INTO bus.outbox (owner, subject, message_id, body) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (message_id) DO NOTHING",
            {owner, message.subject, message.message_id, message.body});
    }
    if (!messages.empty()) {
        txn.notify("lamda_outbox", owner);
    }
}

}  // namespace lamda::pipeline
