#include "tools/cli/stores/dlq_store.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "outbox/dead_letter.hpp"
#include "store/migrations.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::cli;

namespace {

const std::string kStatus = "jobs.status.0x90f79bf6eb2c4f870365e785982e1f101e93b906";
const std::string kHeartbeat = "nodes.heartbeat.0x90f79bf6eb2c4f870365e785982e1f101e93b906";

struct Scene {
    Scene() { store::migrate(database); }
    void put(const std::string& owner, const std::string& subject, const std::string& body,
             const std::string& reason) {
        database.transact(
            [&](store::Txn& txn) { outbox::put_dead_letter(txn, owner, subject, body, reason); });
    }
    std::vector<std::string> outbox() {
        return database.transact([](store::Txn& txn) {
            std::vector<std::string> out;
            for (const auto& row : txn.exec(
                     "SELECT owner || ' ' || subject || ' ' || body AS line FROM bus.outbox ORDER BY id")) {
                out.push_back(row.get<std::string>("line"));
            }
            return out;
        });
    }

    testkit::TempDir dir{"dlq_store"};
    testkit::PostgresServer postgres{dir.path()};
    store::Database database{postgres.create_database("lamda"), "test", 2};
};

}  // namespace

TEST_CASE("dead letters are listed newest first, by owner, subject and reason") {
    Scene scene;
    scene.put("dispatcher", kStatus, "one", "invalid_signature: another key");
    scene.put("registry", kHeartbeat, "two", "invalid_json");
    const std::string bytes{"\x1b[2J\x00\xff", 6};
    scene.put("dispatcher", "jobs.status.0x1", bytes, "invalid_json: no JSON");
    const auto ids = [&](const DeadLetterFilter& filter) {
        std::vector<std::uint64_t> out;
        for (const auto& letter : read_dead_letters(scene.database, filter)) {
            out.push_back(letter.id);
        }
        return out;
    };
    using Ids = std::vector<std::uint64_t>;
    CHECK(ids({}) == Ids{3, 2, 1});
    CHECK(ids({.limit = 1}) == Ids{3});
    CHECK(ids({.owner = "dispatcher"}) == Ids{3, 1});
    CHECK(ids({.subject = "0x90F79BF6"}) == Ids{2, 1});
    CHECK(ids({.reason = "signature"}) == Ids{1});
    CHECK(read_dead_letter(scene.database, 3)->body == bytes);
    CHECK_FALSE(read_dead_letter(scene.database, 4));
}

TEST_CASE("redriven statuses leave through their service's outbox in order of arrival") {
    Scene scene;
    scene.put("dispatcher", kStatus, "first", "r");
    scene.put("dispatcher", kStatus, "second", "r");
    const auto moved = move_dead_letters(scene.database, {2, 1, 2, 9}, DeadLetterMove::kRedrive);
    REQUIRE(moved.size() == 3);
    CHECK(moved[0].done);
    CHECK(moved[1].done);
    CHECK_FALSE(moved[2].done);
    CHECK(moved[2].answer == "no dead letter has this number");
    CHECK(scene.outbox() ==
          std::vector<std::string>{"dispatcher " + kStatus + " first", "dispatcher " + kStatus + " second"});
    CHECK(read_dead_letters(scene.database, {}).empty());
}

TEST_CASE("a dead letter that would be refused again stays until it is dropped") {
    Scene scene;
    scene.put("registry", kHeartbeat, "{}", "r");
    scene.put("dispatcher", kStatus, "\xff\xfe", "r");
    scene.put("dispatcher", kStatus, std::string("a\0b", 3), "r");
    scene.put("dispatcher", kStatus, std::string(70'000, 'x'), "r");
    scene.put("dispatcher", "jobs.status.*", "{}", "r");
    for (const auto& one : move_dead_letters(scene.database, {1, 2, 3, 4, 5}, DeadLetterMove::kRedrive)) {
        INFO(one.id << ": " << one.answer);
        CHECK_FALSE(one.done);
    }
    CHECK(scene.outbox().empty());
    CHECK(read_dead_letters(scene.database, {}).size() == 5);
    const auto dropped = move_dead_letters(scene.database, {1, 2, 3, 4, 5, 6}, DeadLetterMove::kDrop);
    CHECK(std::count_if(dropped.begin(), dropped.end(), [](const auto& one) { return one.done; }) == 5);
    CHECK(read_dead_letters(scene.database, {}).empty());
}
