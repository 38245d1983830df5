#include "services/reputation/ledger/count_check.hpp"

#include <catch2/catch.hpp>

#include "pgledger/pg_tx_queue.hpp"
#include "services/reputation/ingest/journal_store.hpp"
#include "simulator/scripted_chain.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::reputation;

namespace {

const Address kProvider = *Address::parse("0x3000000000000000000000000000000000000003");

CountAccount account(std::uint64_t increments, std::uint64_t first, std::uint64_t last,
                     std::optional<U256> counter = {}) {
    CountAccount out;
    out.providers[kProvider] = {U256(increments), U256(first), U256(last), counter};
    return out;
}

}  // namespace

TEST_CASE("consecutive counts up to the contract's count are no difference") {
    CHECK(differences({}).empty());
    CHECK(differences(account(3, 1, 3, 3)).empty());
    CHECK(differences(account(3, 8, 10, 10)).empty());  // an earlier system had counted seven
    CHECK(differences(account(3, 1, 3)).empty());
}

TEST_CASE("each contradiction is named") {
    CHECK(differences(account(2, 1, 3, 3)).size() == 1);  // one increment was not read
    CHECK(differences(account(4, 1, 3, 3)).size() == 1);
    const auto behind = differences(account(3, 1, 3, 4));
    REQUIRE(behind.size() == 1);
    CHECK(behind.front().find("counts 4") != std::string::npos);
    auto twice = account(2, 1, 2, 2);
    twice.counted_twice.emplace_back();
    twice.unseen.emplace_back("increment:0x01");
    CHECK(differences(twice).size() == 2);
}

TEST_CASE("an audit finds differences in the rows, and shows their number in a metric") {
    testkit::TempDir dir("counts");
    testkit::PostgresServer postgres(dir.path());
    store::Database database(testkit::migrated_database(postgres, "counts", store::kReputationRole), "test",
                             2);
    const FakeClock clock(*parse_rfc3339("2026-11-20T10:00:00Z"));
    simulator::ScriptedChain chain(1, clock);
    telemetry::Metrics metrics;
    CountCheck check(kProvider, "reputation:opbnb", database, chain, telemetry::Log::none(), metrics);
    const auto shown = [&] {
        check.poll_once();
        const auto text = metrics.serialize();
        const auto at = text.find("\nlamda_reputation_differences ");
        REQUIRE(at != std::string::npos);
        return std::stoi(text.substr(at + std::string("\nlamda_reputation_differences ").size()));
    };
    CHECK(shown() == 0);  // the stream has not begun
    const auto increment = [&](std::uint8_t n, std::uint64_t count) {
        Increment out;
        out.provider = kProvider;
        out.new_count = count;
        out.block.number = BlockNum{n};
        out.tx.array()[0] = n;
        return out;
    };
    database.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO chain.cursor (stream, chain_id, number, hash, timestamp) VALUES "
            "('reputation:opbnb', 97, "
            "10, $1, 1)",
            {BlockHash{}});
        put_increments(txn, {increment(1, 1), increment(2, 2)});
    });
    CHECK(shown() == 0);
    database.transact([&](store::Txn& txn) {
        put_increments(txn, {increment(5, 4)});
        JobId job;
        txn.exec("UPDATE reputation.increment SET looked_up = true, job_id = $1 WHERE block_num < 3", {job});
        pgledger::put_intents(txn, kProvider, ChainId{97}, {{"increment:0x02", kProvider, 0, {}, {}}});
        txn.exec("UPDATE chain.intent SET state = 'done', mined_block = 7, mined_tx = $1, mined_hash = $2",
                 {TxHash{}, BlockHash{}});
    });
    CHECK(shown() == 3);
}
