#include "services/job-dispatcher/bus/logs.hpp"

#include <catch2/catch.hpp>

#include "services/job-dispatcher/bus/log_store.hpp"
#include "services/job-dispatcher/testing/job_rows.hpp"
#include "store/migrations.hpp"
#include "testkit/servers.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using testing::address;

namespace {

JobId job(std::uint8_t n) {
    JobId out;
    out.array()[0] = n;
    return out;
}

wire::LogChunk chunk(const JobId& id, std::uint64_t seq, std::string data = "line\n",
                     std::uint32_t attempt = 1) {
    wire::LogChunk out;
    out.job_id = id;
    out.attempt = attempt;
    out.seq = seq;
    out.stream = "stdout";
    out.at = testing::kNow;
    out.data = std::move(data);
    return out;
}

bus::Message message(const Address& provider, const JobId& subject_job, const wire::LogChunk& chunk) {
    bus::Message out;
    out.subject = wire::logs_subject(provider, subject_job);
    out.body = wire::to_json(chunk);
    return out;
}

ReceivedLog received(const Address& provider, const wire::LogChunk& chunk) {
    return read_log(message(provider, chunk.job_id, chunk)).value();
}

LogsKnown sent(std::uint64_t bytes = 0, std::uint64_t chunks = 0) {
    LogsKnown out;
    out.sent[{job(1), 1}] = {address(2), bytes, chunks};
    return out;
}

}  // namespace

TEST_CASE("a log chunk is read only if its subject is its job's, and its numbers are storable") {
    const auto good = chunk(job(1), 7);
    CHECK(read_log(message(address(2), job(1), good)).value().chunk == good);
    CHECK(read_log(message(address(2), job(1), good)).value().provider == address(2));
    CHECK_FALSE(read_log(message(address(2), job(2), good)));
    auto broken = message(address(2), job(1), good);
    broken.body = "{";
    CHECK_FALSE(read_log(broken));
    broken = message(address(2), job(1), good);
    broken.subject = "jobs.logs.nobody." + job(1).hex();
    CHECK_FALSE(read_log(broken));
    CHECK_FALSE(read_log(message(address(2), job(1), chunk(job(1), kCutSeq))));
    CHECK_FALSE(read_log(message(address(2), job(1), chunk(job(1), 1, "x", 4'000'000'000U))));
    INFO("text that PostgreSQL cannot store is replaced, and a chunk that is too large is refused");
    CHECK(received(address(2), chunk(job(1), 1, std::string("a\0b", 3))).chunk.data.find('\0') ==
          std::string::npos);
    CHECK(read_log(message(address(2), job(1), chunk(job(1), 1, std::string(kMostChunkBytes, 'x')))));
    CHECK_FALSE(
        read_log(message(address(2), job(1), chunk(job(1), 1, std::string(kMostChunkBytes + 1, 'x')))));
}

TEST_CASE("chunks of unknown jobs, of attempts that were never sent and of foreign providers are refused") {
    const std::vector<ReceivedLog> batch{
        received(address(3), chunk(job(1), 1)), received(address(2), chunk(job(9), 1)),
        received(address(2), chunk(job(1), 1, "x", 2)), received(address(2), chunk(job(1), 1))};
    const auto decision = decide_logs(batch, sent());
    CHECK(decision.refused == 3);
    REQUIRE(decision.keep.size() == 1);
    CHECK(decision.keep[0] == &batch[3]);
}

TEST_CASE("a chunk with a known number is dropped, whatever it contains") {
    auto known = sent();
    known.chunks.emplace(LogAttempt{job(1), 1}, 1);
    const std::vector<ReceivedLog> batch{received(address(2), chunk(job(1), 1, "other")),
                                         received(address(2), chunk(job(1), 2)),
                                         received(address(2), chunk(job(1), 2))};
    const auto decision = decide_logs(batch, known);
    CHECK(decision.repeated == 2);
    CHECK(decision.keep.size() == 1);
}

TEST_CASE("of an attempt at most a megabyte and a number of chunks are kept; the rest is counted") {
    std::vector<ReceivedLog> batch;
    for (std::uint64_t seq = 1; seq <= 100; ++seq) {
        batch.push_back(received(address(2), chunk(job(1), seq, std::string(32U << 10, 'x'))));
    }
    const auto decision = decide_logs(batch, sent());
    CHECK(decision.keep.size() == kMostLogBytes / (32U << 10));
    CHECK(decision.cut == 100 - decision.keep.size());
    CHECK(decision.cut_bytes.at({job(1), 1}) == decision.cut * (32U << 10));
    const auto many = decide_logs(batch, sent(0, kMostLogChunks - 3));
    CHECK(many.keep.size() == 3);
    CHECK(decide_logs(batch, sent(kMostLogBytes, 1)).keep.empty());
    INFO("nothing is kept after a cut, so that a reader may take the cut as the end");
    const std::vector<ReceivedLog> small_later{
        received(address(2), chunk(job(1), 1, std::string(50'000, 'x'))),
        received(address(2), chunk(job(1), 2, "small"))};
    CHECK(decide_logs(small_later, sent(kMostLogBytes - 10'000, 1)).cut_bytes.at({job(1), 1}) == 50'005);
}

TEST_CASE("kept logs are read again as known, cuts add up, and old logs are deleted in steps") {
    testkit::TempDir dir{"logs"};
    testkit::PostgresServer server{dir.path()};
    store::Database database{server.create_database("logs"), "logs-test"};
    store::migrate(database);
    const auto count = [&](const std::string& from_where) {
        return database.transact([&](store::Txn& txn) {
            return txn.one("SELECT count(*) AS n FROM " + from_where).get<std::int64_t>("n");
        });
    };
    database.transact([&](store::Txn& txn) {
        for (const auto* state : {"out", "waiting", "void"}) {
            txn.exec(
                "INSERT INTO dispatch.assignment (job_id, attempt, provider, state, created_at, due_at) "
                "SELECT $1, 1 + count(*), $2, $3, now(), now() FROM dispatch.assignment",
                {job(1), address(2), state});
        }
    });
    std::vector<ReceivedLog> batch;
    for (const std::uint32_t attempt : {1U, 2U, 3U}) {
        batch.push_back(received(address(2), chunk(job(1), 1, "a \"line\"\\\n", attempt)));
        batch.push_back(received(address(2), chunk(job(1), 2, std::string(40'000, 'x'), attempt)));
    }
    batch.push_back(received(address(3), chunk(job(1), 3)));
    const auto take = [&] {
        return database.transact([&](store::Txn& txn) {
            const auto decision = decide_logs(batch, load_logs(txn, batch));
            save_logs(txn, decision);
            return decision;
        });
    };
    CHECK(take().keep.size() == 4);
    INFO("an attempt that waits was not sent; one that was taken back was");
    CHECK(count("dispatch.job_log WHERE attempt = 2") == 0);
    CHECK(count("api.job_log WHERE data = E'a \"line\"\\\\\\n'") == 2);
    CHECK(take().repeated == 4);
    const auto known = database.transact([&](store::Txn& txn) { return load_logs(txn, batch); });
    CHECK(known.sent.at({job(1), 1}).bytes == 40'010);
    CHECK(known.sent.at({job(1), 1}).chunks == 2);

    LogsDecision cut;
    cut.cut_bytes[{job(1), 1}] = 7;
    database.transact([&](store::Txn& txn) {
        save_logs(txn, cut);
        save_logs(txn, cut);
    });
    CHECK(count("api.job_log WHERE stream = 'cut' AND cut_bytes = 14 AND attempt = 1") == 1);
    batch = {received(address(2), chunk(job(1), 9))};
    CHECK(take().keep.empty());
    database.transact([](store::Txn& txn) { txn.exec("DELETE FROM dispatch.job_log WHERE stream = 'cut'"); });

    const auto delete_logs = [&](Millis keep) {
        return database.transact([&](store::Txn& txn) { return delete_old_logs(txn, keep, 3); });
    };
    CHECK(delete_logs(Millis(3'600'000)) == 0);
    database.transact([](store::Txn& txn) {
        txn.exec("UPDATE dispatch.job_log SET received_at = now() - interval '2 hours'");
    });
    CHECK(delete_logs(Millis(3'600'000)) == 3);
    CHECK(delete_logs(Millis(3'600'000)) == 1);
    CHECK(count("dispatch.job_log") == 0);
}
