// Tests of JobManager's facts: a batch's logs, and the facts expected of them.
#include "services/job-dispatcher/ingest/job_manager_source.hpp"

#include <catch2/catch.hpp>

#include "services/job-dispatcher/testing/batches.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using dispatch::testing::BatchMaker;
using dispatch::testing::job_id;
using dispatch::testing::LogKind;

TEST_CASE("each log of JobManager is one fact, with the fields of its kind") {
    struct Row {
        LogKind log;
        ChainFact kind;
        bool renter;
        bool provider;
        bool amount;
    };
    const std::vector<Row> rows{{LogKind::kCreated, ChainFact::kCreated, true, true, true},
                                {LogKind::kConfirmed, ChainFact::kConfirmed, false, false, false},
                                {LogKind::kClaimed, ChainFact::kClaimed, false, true, true}};
    const JobManagerSource source;
    BatchMaker chain;
    for (const auto& row : rows) {
        const auto batch = chain.next(row.log, 7, 3, 2);
        const auto facts = read_entries(source, batch);
        REQUIRE(facts.size() == 3);
        for (std::size_t i = 0; i < facts.size(); ++i) {
            INFO("log " << static_cast<int>(row.log) << ", fact " << i);
            const auto& fact = facts[i];
            const auto& block = batch.headers[i / 2];
            CHECK((fact.fact == Fact(row.kind)));
            CHECK(fact.job_id == job_id(7 + i));
            CHECK(fact.body.renter.has_value() == row.renter);
            CHECK(fact.body.provider.has_value() == row.provider);
            CHECK(fact.body.amount.has_value() == row.amount);
            CHECK((fact.position == ChainPosition{block.ref, i % 2, batch.logs[i].tx_hash}));
            CHECK(fact.id == 0);
            CHECK(fact.at == from_unix_seconds(block.timestamp));
        }
    }
}

TEST_CASE("logs of other events are no facts; a log without a header has the time of the batch's end") {
    BatchMaker chain;
    auto batch = chain.next(LogKind::kCreated, 0, 3, 1);
    batch.logs[1].topics[0] = testing::hash_of<Topic>('x', 1);
    batch.headers.erase(batch.headers.begin());
    const auto facts = read_entries(JobManagerSource(), batch);
    REQUIRE(facts.size() == 2);
    CHECK(facts[0].at == from_unix_seconds(batch.to_timestamp));
    CHECK(facts[1].job_id == job_id(2));
}
