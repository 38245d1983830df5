#include "outbox/feed_log.hpp"

#include "store/channels.hpp"
#include "store/values.hpp"

namespace lamda::outbox {

namespace {
constexpr int kTrimmedAtOnce = 5'000;
}

bool is_feed_event(std::string_view subject) {
    return subject.starts_with("events.job.") || subject.starts_with("events.node.");
}

void settle_rows(store::Txn& txn, const std::vector<std::int64_t>& ids, bool has_events) {
    if (!has_events) {
        txn.exec("DELETE FROM bus.outbox WHERE id = ANY ($1::bigint[])", {store::array_of(ids)});
        return;
    }
    txn.exec(
        "WITH gone AS (DELETE FROM bus.outbox WHERE id = ANY ($1::bigint[]) "
        "RETURNING id, owner, subject, body), "
        "event AS (SELECT row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS number, owner, "
        "subject, body "
        "FROM gone WHERE subject LIKE 'events.job.%' OR subject LIKE 'events.node.%'), "
        "position AS (UPDATE bus.feed_position SET last_seq = last_seq + (SELECT count(*) FROM event) "
        "WHERE EXISTS (SELECT FROM event) RETURNING last_seq), "
        "moved AS (INSERT INTO bus.feed_event (seq, owner, subject, body) "
        "SELECT p.last_seq - e.number + e.place, e.owner, e.subject, e.body FROM event e, position p "
        "RETURNING seq) "
        "SELECT pg_notify($2, '') WHERE EXISTS (SELECT FROM moved)",
        {store::array_of(ids), store::kFeedChannel});
}

bool trim_feed(store::Txn& txn, const std::string& owner) {
    const auto deleted = txn.exec(
        "DELETE FROM bus.feed_event WHERE seq IN (SELECT seq FROM bus.feed_event "
        "WHERE owner = $1 AND at < now() - interval '1 hour' ORDER BY at LIMIT $2)",
        {owner, kTrimmedAtOnce});
    return deleted.affected() == kTrimmedAtOnce;
}

}  // namespace lamda::outbox
