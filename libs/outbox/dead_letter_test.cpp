#include "outbox/dead_letter.hpp"

#include "testkit/pipeline_database.hpp"

using namespace lamda;
using namespace lamda::outbox;

namespace {

struct Fixture : testkit::TestDatabase {
    bool put(const std::string& owner, const std::string& subject) {
        return db.transact(
            [&](store::Txn& txn) { return put_dead_letter(txn, owner, subject, "{}", "malformed"); });
    }
    std::int64_t count(const std::string& where) {
        return db.transact([&](store::Txn& txn) {
            return txn.one("SELECT count(*) AS n FROM bus.dead_letter WHERE " + where).get<std::int64_t>("n");
        });
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a sender of malformed messages fills only its own share of the dead letters") {
    for (std::int64_t i = 0; i < kMostOfSubject; ++i) {
        REQUIRE(put("dispatcher", "jobs.status.a"));
    }
    CHECK_FALSE(put("dispatcher", "jobs.status.a"));
    CHECK(put("dispatcher", "jobs.status.b"));
    CHECK(put("registry", "jobs.status.a"));
    CHECK(count("subject = 'jobs.status.a'") == kMostOfSubject + 1);
}

TEST_CASE_METHOD(Fixture, "malformed messages under many subjects are bounded per service") {
    db.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO bus.dead_letter (owner, subject, body, reason) "
            "SELECT 'dispatcher', 'jobs.status.' || n, 'x', 'malformed' FROM generate_series(1, $1) AS n",
            {kMostOfOwner - 1});
    });
    CHECK(put("dispatcher", "jobs.status.last"));
    CHECK_FALSE(put("dispatcher", "jobs.status.more"));
    CHECK(put("registry", "nodes.heartbeat.a"));
}
