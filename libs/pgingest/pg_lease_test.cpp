#include "pgingest/pg_lease.hpp"

#include "testkit/pipeline_database.hpp"

using namespace lamda;
using namespace lamda::pgingest;

namespace {

struct Fixture : testkit::TestDatabase {
    telemetry::Metrics metrics_of_one;
    telemetry::Metrics metrics_of_two;
    telemetry::Health health;
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    PgLease one{db, "dispatcher", {clock, telemetry::Log::none(), metrics_of_one, health}};
    PgLease two{db, "dispatcher", {clock, telemetry::Log::none(), metrics_of_two, health}};

    Fixture() {
        db.transact([](store::Txn& txn) {
            txn.exec("INSERT INTO chain.cursor (stream) VALUES ('dispatcher:bsc'), ('registry:opbnb')");
        });
    }
    store::Row shown(const std::string& stream = "dispatcher:bsc") {
        return db.transact([&](store::Txn& txn) {
            return txn.one("SELECT instance, instance_active FROM api.stream WHERE stream = $1", {stream});
        });
    }
    int holder() {
        return db.transact([](store::Txn& txn) {
            return txn.one("SELECT backend_pid FROM chain.lease WHERE owner = 'dispatcher'")
                .get<int>("backend_pid");
        });
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "one of two instances holds the lease, and api.stream shows which") {
    REQUIRE_FALSE(shown().get<bool>("instance_active"));
    REQUIRE(one.held());
    REQUIRE_FALSE(two.held());
    REQUIRE(one.held());
    CHECK(shown().get<bool>("instance_active"));
    CHECK(shown().get<std::string>("instance").ends_with(":" + std::to_string(::getpid())));
    CHECK_FALSE(shown("registry:opbnb").get<bool>("instance_active"));
    CHECK(metrics_of_one.serialize().find("lamda_lease_held{owner=\"dispatcher\"} 1") != std::string::npos);
    CHECK(metrics_of_two.serialize().find("lamda_lease_held{owner=\"dispatcher\"} 0") != std::string::npos);
    const int before = holder();

    one.release();
    REQUIRE(testkit::wait_until([&] { return two.held(); }));
    CHECK(shown().get<bool>("instance_active"));
    CHECK(holder() != before);
    CHECK_FALSE(one.held());
}

TEST_CASE_METHOD(Fixture, "an instance whose session is cut is no longer active, and the other takes over") {
    REQUIRE(one.held());
    REQUIRE_FALSE(two.held());
    db.transact([&](store::Txn& txn) { txn.exec("SELECT pg_terminate_backend($1)", {holder()}); });
    REQUIRE(testkit::wait_until([&] { return !shown().get<bool>("instance_active"); }));
    REQUIRE(testkit::wait_until([&] { return two.held(); }));
    REQUIRE(testkit::wait_until([&] { return !one.held(); }));
    CHECK(two.held());
    CHECK(shown().get<bool>("instance_active"));
}

TEST_CASE_METHOD(Fixture, "a yielded lease goes to another instance; without another, back to the same") {
    REQUIRE(one.held());
    REQUIRE_FALSE(two.held());
    two.yield();  // does not hold it
    CHECK_FALSE(two.yielded());

    one.yield();
    CHECK(one.yielded());
    CHECK_FALSE(one.held());
    REQUIRE(testkit::wait_until([&] { return two.held(); }));
    clock.advance(Millis(3'000));
    CHECK_FALSE(one.yielded());
    CHECK_FALSE(one.held());
    CHECK(two.held());

    two.yield();
    REQUIRE(testkit::wait_until([&] { return one.held(); }));
    one.yield();
    CHECK_FALSE(one.held());
    clock.advance(Millis(3'000));
    REQUIRE(testkit::wait_until([&] { return one.held(); }));  // no other instance has requested it
    CHECK_FALSE(one.yielded());
    CHECK(shown().get<bool>("instance_active"));
}

TEST_CASE_METHOD(Fixture, "leases of different services are independent") {
    PgLease registry(db, "registry", {clock, telemetry::Log::none(), metrics_of_one, health});
    REQUIRE(one.held());
    REQUIRE(registry.held());
    CHECK(shown("registry:opbnb").get<bool>("instance_active"));
}

/// Runs in a process of its own, which the test below kills.
TEST_CASE("holds the dispatcher's lease", "[.lease-victim]") {
    store::Database db(std::getenv("VICTIM_DSN"), "victim", 1);
    telemetry::Metrics metrics;
    telemetry::Health health;
    const SystemClock clock;
    PgLease lease(db, "dispatcher", {clock, telemetry::Log::none(), metrics, health});
    REQUIRE(testkit::wait_until([&] { return !lease.held(); }, Millis(600'000)));
}

TEST_CASE_METHOD(Fixture, "the lease of an instance that was killed is free immediately") {
    testkit::Process victim({{std::filesystem::read_symlink("/proc/self/exe").string(), "[.lease-victim]"},
                             {{"VICTIM_DSN", dsn}},
                             "",
                             "",
                             false});
    REQUIRE(testkit::wait_until([&] { return shown().get<bool>("instance_active"); }));
    CHECK(shown().get<std::string>("instance").ends_with(":" + std::to_string(victim.pid())));
    REQUIRE_FALSE(one.held());
    victim.kill();
    REQUIRE(testkit::wait_until([&] { return one.held(); }));
}
