// Tests of evaluation in the transaction that makes a job final, with real servers.
#include "services/job-dispatcher/dispatch/assignment_loop.hpp"

#include "services/job-dispatcher/testing/projection_world.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using testing::LogKind;

namespace {

/// Jobs without specs: an evaluated one is `awaiting_spec`.
struct Scene : testing::ProjectionScene {
    Scene() {
        REQUIRE(testkit::wait_until([&] { return bus.connected(); }));
        projection.on_final({[&](store::Txn& txn, const NewlyFinal& blocks) {
                                 const bool all = loop.evaluate_within(txn, blocks);
                                 if (fails_once) {
                                     fails_once = false;
                                     throw store::Conflict("a conflict, once");
                                 }
                                 return all;
                             },
                             [&] { loop.committed(); }});
        progress.set(true);
        catch_up.finish();
    }

    static Address provider_of(std::uint64_t job) {
        const auto word = testing::hash_of<Bytes32>('p', job);
        return Address::from_bytes(word.view().subspan(12)).value();
    }
    void register_provider(std::uint64_t job) {
        database.transact([&](store::Txn& txn) {
            txn.exec("INSERT INTO registry.node VALUES ($1, true, 'none', 0, 0, now(), now(), now())",
                     {provider_of(job)});
        });
    }
    void create(std::uint64_t first, std::uint64_t count) {
        auto batch = chain.next(LogKind::kCreated, first, count, count);
        batch.caught_up = true;
        projector.apply(batch);
    }
    std::int64_t evaluated() { return count("dispatch.job WHERE work_state IS NOT NULL"); }

    testkit::NatsServer nats{dir.path() + "/nats"};
    telemetry::Metrics metrics;
    telemetry::Health health;
    bus::Bus bus{nats.url(), "test", telemetry::Log::none()};
    BusContents contents() const {
        return {[] { return std::vector<Address>(); },
                [] { return outbox::StreamPositions(); },
                [](const auto&) {},
                [](const auto&) {},
                [](const auto&, const auto&) {},
                [](const auto&) { return std::vector<Address>(); }};
    }
    BusSetup setup{bus, 1LL << 24, contents(), telemetry::Log::none(), metrics, health};
    StatusCatchUp catch_up{database};
    AssignmentLoop loop{database, setup,    deployment,
                        progress, catch_up, {clock, telemetry::Log::none(), metrics, health}};
    bool fails_once = false;
};

}  // namespace

TEST_CASE_METHOD(Scene, "a final job is evaluated in the transaction that makes it final") {
    register_provider(0);
    setup.ensure_provider(provider_of(0));
    create(0, 1);
    CHECK(evaluated() == 1);
    require_rows_are_folds(1, wire::ChainState::kCreated);
}

TEST_CASE_METHOD(Scene, "evaluation waits for the loop: no durables, many jobs, or a stream that is behind") {
    register_provider(0);
    create(0, 1);
    CHECK(evaluated() == 0);  // its durables do not exist yet
    create(1, 40);
    CHECK(evaluated() == 0);  // more than one transaction of the stream should evaluate
    progress.set(false);
    setup.ensure_provider(provider_of(0));
    create(41, 1);
    CHECK(evaluated() == 0);  // a confirmation may follow
    CHECK(loop.pass(100) == 42);
    CHECK(evaluated() == 42);
}

TEST_CASE_METHOD(Scene, "a backlog is evaluated by two transactions at a time, each job once") {
    constexpr std::uint64_t kJobs = 2'000;
    create(0, kJobs);
    CHECK(loop.pass(kJobs) == kJobs);
    CHECK(count("(SELECT DISTINCT xmin::text FROM dispatch.job) AS writer") == 2);
    CHECK(count("dispatch.job_event WHERE kind <> 'created'") == kJobs);
    CHECK(evaluated() == kJobs);
    require_rows_are_folds(kJobs, wire::ChainState::kCreated);
    CHECK(loop.pass(kJobs) == 0);
}

TEST_CASE_METHOD(Scene, "a failure of the evaluation does not stop the stream") {
    register_provider(0);
    setup.ensure_provider(provider_of(0));
    fails_once = true;
    create(0, 1);
    CHECK(evaluated() == 0);  // left to the loop
    register_provider(1);
    setup.ensure_provider(provider_of(1));
    create(1, 1);
    CHECK(evaluated() == 1);  // works again
}
