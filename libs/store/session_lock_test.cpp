#include "store/session_lock.hpp"

#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::store;

namespace {

struct Fixture {
    testkit::TempDir dir{"session_lock"};
    testkit::PostgresServer server{dir.path()};
    std::string dsn = server.create_database("lock");
    Database db{dsn, "lock-test", 2};

    /// Holders of any advisory lock of this database, counted by the server.
    std::int64_t holders() {
        return db.transact([](Txn& txn) {
            return txn
                .one(
                    "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND granted AND database "
                    "= (SELECT oid FROM pg_database WHERE datname = current_database())")
                .get<std::int64_t>("n");
        });
    }
    void terminate(int pid) {
        db.transact([&](Txn& txn) { txn.exec("SELECT pg_terminate_backend($1)", {pid}); });
    }
};

/// Time until the next keepalive probe of the IPv4 connection from local to remote port, from /proc/net/tcp.
Millis keepalive_due(std::int64_t local, std::int64_t remote) {
    const auto port_of = [](const std::string& address) {
        return std::stoll(address.substr(address.find(':') + 1), nullptr, 16);
    };
    std::ifstream table("/proc/net/tcp");
    std::string line;
    std::getline(table, line);
    while (std::getline(table, line)) {
        std::istringstream fields(line);
        std::string slot, from, to, state, queues, timer;
        fields >> slot >> from >> to >> state >> queues >> timer;
        if (port_of(from) == local && port_of(to) == remote && timer.starts_with("02:")) {
            const auto ticks = std::stoll(timer.substr(3), nullptr, 16);
            return Millis(ticks * 1'000 / ::sysconf(_SC_CLK_TCK));
        }
    }
    return Millis::max();
}

/// Retries, also while there is no server.
bool taken_in_time(SessionLock& lock) {
    return testkit::wait_until([&] {
        try {
            return lock.held();
        } catch (const Unavailable&) {
            return false;
        }
    });
}

}  // namespace

TEST_CASE_METHOD(Fixture, "of two that request a name one holds it until release; other names are free") {
    SessionLock one(db, "dispatcher");
    SessionLock two(db, "dispatcher");
    SessionLock other(db, "registry");
    CHECK_FALSE(one.session().has_value());
    REQUIRE(one.held());
    REQUIRE(one.held());
    REQUIRE_FALSE(two.held());
    REQUIRE_FALSE(two.held());
    REQUIRE(other.held());
    CHECK(one.session()->key != other.session()->key);
    CHECK_FALSE(two.session().has_value());
    CHECK(holders() == 2);  // two calls of held() take one lock

    one.release();
    REQUIRE(two.held());  // immediately: it does not wait for the end of the connection
    REQUIRE_FALSE(one.held());
    CHECK(two.session()->key != other.session()->key);
}

TEST_CASE_METHOD(Fixture, "of many concurrent threads exactly one gets the lock") {
    std::vector<std::unique_ptr<SessionLock>> locks;
    for (int i = 0; i < 6; ++i) {
        locks.push_back(std::make_unique<SessionLock>(db, "dispatcher"));
    }
    std::atomic<int> won = 0;
    std::vector<std::thread> threads;
    threads.reserve(locks.size());
    for (auto& lock : locks) {
        threads.emplace_back([&] { won += lock->held() ? 1 : 0; });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    CHECK(won == 1);
}

TEST_CASE_METHOD(Fixture, "a session ended by the server loses the lock, and another session gets it") {
    SessionLock one(db, "dispatcher");
    SessionLock two(db, "dispatcher");
    REQUIRE(one.held());
    REQUIRE_FALSE(two.held());
    terminate(one.session()->backend_pid);
    REQUIRE(taken_in_time(two));
    // held() notices the loss within about a second and does not throw.
    REQUIRE(testkit::wait_until([&] { return !one.held(); }));
    CHECK_FALSE(one.session().has_value());
    CHECK_FALSE(one.held());
    CHECK(two.held());
}

TEST_CASE_METHOD(Fixture, "a lost lock that is still free is taken again by a new session") {
    SessionLock lock(db, "dispatcher");
    REQUIRE(lock.held());
    const auto before = *lock.session();
    terminate(before.backend_pid);
    REQUIRE(testkit::wait_until([&] { return !lock.held(); }));
    REQUIRE(taken_in_time(lock));
    CHECK(lock.session()->key == before.key);
    CHECK(lock.session()->backend_pid != before.backend_pid);
}

TEST_CASE_METHOD(Fixture,
                 "while the server is down held() throws; after its restart one session holds the lock") {
    SessionLock one(db, "dispatcher");
    SessionLock two(db, "dispatcher");
    REQUIRE(one.held());
    REQUIRE_FALSE(two.held());
    SECTION("restarted") {
        server.stop();
    }
    SECTION("killed") {
        server.kill();
    }
    REQUIRE(testkit::wait_until([&] { return !one.session() || !one.held(); }));
    REQUIRE_THROWS_AS(one.held(), Unavailable);
    REQUIRE_THROWS_AS(two.held(), Unavailable);
    server.start();
    REQUIRE(taken_in_time(two));
    CHECK_FALSE(one.held());
}

/// Runs in a process of its own, which the test below kills.
TEST_CASE("holds a lock", "[.lock-victim]") {
    Database db(std::getenv("VICTIM_DSN"), "victim", 1);
    SessionLock lock(db, "dispatcher");
    testkit::wait_until([&] { return !lock.held(); }, Millis(600'000));
}

TEST_CASE_METHOD(Fixture, "the lock of a process that was killed is free immediately") {
    testkit::Process victim({{std::filesystem::read_symlink("/proc/self/exe").string(), "[.lock-victim]"},
                             {{"VICTIM_DSN", dsn}},
                             dir.path(),
                             dir.path() + "/victim.log",
                             false});
    REQUIRE(testkit::wait_until([&] { return holders() == 1; }));
    SessionLock lock(db, "dispatcher");
    REQUIRE_FALSE(lock.held());
    victim.kill();
    REQUIRE(taken_in_time(lock));
}

TEST_CASE_METHOD(Fixture, "the server probes an idle lock's connection every second") {
    SessionLock lock(db, "dispatcher");
    REQUIRE(lock.held());
    const auto client_port = db.transact([&](Txn& txn) {
        return txn
            .one("SELECT client_port FROM pg_stat_activity WHERE pid = $1", {lock.session()->backend_pid})
            .get<std::int64_t>("client_port");
    });
    // A test cannot remove a host. The server would notice by the keepalive timer of its socket, which the
    // kernel shows; without the session's settings the timer is two hours.
    CHECK(testkit::wait_until([&] { return keepalive_due(server.port(), client_port) <= Millis(1'000); }));
}
