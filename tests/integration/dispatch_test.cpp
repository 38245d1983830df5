// The dispatcher as a process, with a real database, bus and chain. The test acts as the agent.
#include <csignal>

#include "integration/market_fixture.hpp"
#include "ipfs/content_store.hpp"
#include "net/http_client.hpp"
#include "outbox/dead_letter.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/journal_store.hpp"
#include "testkit/patience.hpp"

using namespace lamda;
using namespace lamda::integration;
using wire::StatusKind;

namespace {

constexpr auto kDispatcher = "job-dispatcher";

struct Dispatch : MarketFixture {
    explicit Dispatch(unsigned slots = 1) : MarketFixture("dispatch", slots) {}

    /// Starts with a provider that the registry has recorded.
    void start_with_provider(const std::map<std::string, std::string>& more = {}) {
        register_node(provider());
        start("node-registry");
        start(kDispatcher, more);
        REQUIRE(testkit::wait_until([&] { return count("registry.node WHERE is_registered") == 1; },
                                    Millis(30'000)));
    }
    void run_to_completion(const JobId& id, std::uint32_t attempt) {
        publish(status(id, StatusKind::kAccepted, attempt, 1));
        publish(status(id, StatusKind::kRunning, attempt, 2));
        publish(status(id, StatusKind::kCompleted, attempt, 3));
        wait_status(id, "completed");
    }
    void require_row_is_fold_of_journal(const JobId& id) {
        database().transact([&](store::Txn& txn) {
            const auto row = dispatch::read_job(txn, id);
            const auto journal = dispatch::read_journals(txn, {id})[id];
            REQUIRE(row.has_value());
            REQUIRE((dispatch::fold(journal) == row));
        });
    }
};

}  // namespace

TEST_CASE("a job created before the dispatcher started is dispatched, and followed to its reward") {
    Dispatch market;
    const JobId id = market.order(1);
    market.start_with_provider();
    market.wait_status(id, "assigned");

    const auto assignment = market.take_assignment();
    CHECK(assignment.job_id == id);
    CHECK(assignment.attempt == 1);
    CHECK(assignment.docker_image == "lamda/busybox:1.35");

    market.publish(market.status(id, StatusKind::kAccepted, 1, 1));
    market.wait_job(id, "work_state", "accepted");
    CHECK(market.job_column(id, "status") == "assigned");
    market.publish(market.status(id, StatusKind::kRunning, 1, 2));
    market.wait_status(id, "running");
    market.publish(market.status(id, StatusKind::kCompleted, 1, 3));
    market.wait_status(id, "completed");
    CHECK(market.job_column(id, "output_file_cid") ==
          "bafkreih2loemtdsu7nkxy6swbimrhvnzmgtauguukoz5rvhtdqedwx6cea");
    market.confirm(id);
    market.wait_status(id, "confirmed");
    market.claim(id);
    market.wait_status(id, "paid");
    market.require_row_is_fold_of_journal(id);
    CHECK(market.bus().last_sequence(wire::kJobsStream) == 1);

    const auto answer = market.ask(wire::kJobsQuery, {{"status", "paid"}, {"limit", 5}});
    REQUIRE(answer.at("count") == 1);
    CHECK(answer.at("jobs")[0].at("id") == id.hex());
    CHECK(market.ask(wire::kJobsQuery, {{"status", "nonsense"}}).at("errors")[0].at("pointer") == "/status");

    CHECK(market.service(kDispatcher).stop() == 0);
}

TEST_CASE("killed at any step and restarted, it sends no attempt twice and loses none") {
    Dispatch market;
    market.start_with_provider();
    std::uint8_t salt = 10;
    std::uint64_t jobs = 0;
    for (const auto* point : {"projector.before_commit", "projector.after_commit", "judge.before_commit",
                              "judge.after_commit", "relay.before_publish", "relay.after_publish"}) {
        INFO("killed at " << point);
        market.kill(kDispatcher);
        const JobId id = market.order(salt++);
        market.start(kDispatcher, {{"LAMDA_CRASH_AT", point}});
        REQUIRE(market.service(kDispatcher).wait(Millis(30'000)) == 128 + SIGKILL);
        market.start(kDispatcher);
        market.wait_status(id, "assigned");
        ++jobs;
        REQUIRE(testkit::wait_until([&] { return market.bus().last_sequence(wire::kJobsStream) == jobs; }));
        const auto assignment = market.take_assignment();
        CHECK(assignment.job_id == id);
        CHECK(assignment.attempt == 1);
        REQUIRE(
            testkit::wait_until([&] { return market.count("bus.outbox WHERE owner = 'dispatcher'") == 0; }));
    }
    CHECK(market.bus().last_sequence(wire::kJobsStream) == jobs);
    CHECK(market.count("dispatch.assignment") == static_cast<std::int64_t>(jobs));
}

TEST_CASE("a job waits for its spec, then for its provider, and is sent when both exist") {
    Dispatch market;
    const auto wanted = market.spec(30);
    market.start("node-registry");
    market.start(kDispatcher);
    const JobId id = market.create_job(wanted);
    market.wait_status(id, "awaiting_spec");
    market.put_spec(wanted);
    market.wait_status(id, "awaiting_provider");
    market.register_node(market.provider());
    market.wait_status(id, "assigned");
    CHECK(market.take_assignment().job_id == id);

    SECTION("a job whose spec contradicts the chain is never sent") {
        auto cheap = market.spec(31);
        cheap.min_payment = 1'001;
        market.put_spec(cheap);
        const JobId dust = market.create_job(cheap);
        market.wait_status(dust, "mismatched");
        CHECK(market.bus().last_sequence(wire::kJobsStream) == 1);
    }
    SECTION("a job whose id is no digest is sent after its renter has attached a spec") {
        JobId id_of_old_frontend;
        id_of_old_frontend.array()[0] = 0xee;
        market.create_job(id_of_old_frontend, market.provider().address());
        market.mine();
        market.wait_status(id_of_old_frontend, "awaiting_spec");
        const auto attached = market.spec(32);
        const auto message =
            "Lamda attach spec\n" + id_of_old_frontend.hex() + "\n" + wire::job_id_of(attached).hex();
        const auto signed_text = eth::personal_message(message);
        const auto command = [&](const std::string& request, const crypto::Signer& by) {
            wire::Command out;
            out.request_id = request;
            out.what = wire::Command::AttachSpec{id_of_old_frontend, wire::canonical_json(attached),
                                                 by.sign(signed_text).hex65()};
            return out;
        };
        CHECK(market.ask(command("a", market.provider())).at("status") == 403);
        CHECK(market.ask(command("b", market.renter())).at("jobId") == id_of_old_frontend.hex());
        market.wait_status(id_of_old_frontend, "assigned");
        CHECK(market.take_assignment().job_id == id_of_old_frontend);
    }
}

TEST_CASE(
    "a status that is malformed or wrongly signed is recorded and dropped, and the consumer continues") {
    Dispatch market;
    const JobId id = market.order(40);
    market.start_with_provider();
    market.wait_status(id, "assigned");
    market.publish_raw("{\"v\":1,");
    market.publish(market.status(id, StatusKind::kCompleted, 1, 1), market.renter());
    market.publish(market.status(id, StatusKind::kCompleted, 7, 1));
    market.publish(market.status(id, StatusKind::kAccepted, 1, 1));
    market.wait_job(id, "work_state", "accepted");
    CHECK(market.count("bus.dead_letter WHERE owner = 'dispatcher'") == 2);
    CHECK(market.count("dispatch.job_event WHERE refused_reason = 'this attempt was never sent'") == 1);
    market.require_row_is_fold_of_journal(id);
}

TEST_CASE("a status that was wrongly dead-lettered is redriven, and handled like a new one") {
    Dispatch market;
    const JobId id = market.order(45);
    market.start_with_provider();
    market.wait_status(id, "assigned");
    const auto domain = wire::market_domain(ChainId{31337}, market.job_manager());
    market.database().transact([&](store::Txn& txn) {
        std::uint32_t seq = 0;
        for (const auto kind : {StatusKind::kAccepted, StatusKind::kRunning, StatusKind::kCompleted}) {
            const auto status =
                wire::sign_status(market.status(id, kind, 1, ++seq), domain, market.provider());
            outbox::put_dead_letter(txn, "dispatcher", wire::status_subject(market.provider().address()),
                                    wire::to_json(status), "refused by another's mistake");
        }
        for (const auto& row :
             txn.exec("SELECT api.redrive_dead_letter(id) AS answer FROM api.dead_letter ORDER BY id")) {
            CHECK_THAT(row.get<std::string>("answer"), Catch::StartsWith("put back"));
        }
    });
    market.wait_status(id, "completed");
    CHECK(market.job_column(id, "output_file_cid") != "null");
    CHECK(market.count("bus.dead_letter") == 0);
    market.require_row_is_fold_of_journal(id);
}

TEST_CASE("a transient failure takes a new attempt and voids the old one; a permanent one ends the job") {
    Dispatch market;
    const JobId id = market.order(50);
    market.start_with_provider({{"RETRY_PAUSE", "0s"}});
    market.wait_status(id, "assigned");
    CHECK(market.take_assignment().attempt == 1);
    auto failed = market.status(id, StatusKind::kFailed, 1, 1);
    failed.error_code = wire::ErrorCode::kStoreFailed;
    market.publish(failed);
    market.wait_job(id, "attempt", "2");
    CHECK(market.take_assignment().attempt == 2);
    const auto retraction = market.take_retraction();
    CHECK(retraction.attempt == 1);
    CHECK(retraction.reason == wire::RetractReason::kSuperseded);
    failed.attempt = 2;
    failed.error_code = wire::ErrorCode::kExitNonzero;
    market.publish(failed);
    market.wait_status(id, "failed");
    market.require_row_is_fold_of_journal(id);
}

TEST_CASE(
    "after a transient failure the next attempt waits, with the reason; a kill does not shorten the delay") {
    Dispatch market;
    const JobId id = market.order(55);
    // Longer than the test: the test makes an attempt due.
    const std::map<std::string, std::string> pauses{{"RETRY_PAUSE", "1h"}, {"ACCEPT_TIMEOUT", "1ms"}};
    market.start_with_provider(pauses);
    market.wait_status(id, "assigned");
    CHECK(market.take_assignment().attempt == 1);
    auto failed = market.status(id, StatusKind::kFailed, 1, 1);
    failed.error_code = wire::ErrorCode::kImageUnavailable;
    failed.error_message = "toomanyrequests: you have reached your pull rate limit";
    market.publish(failed);
    market.wait_job(id, "error_message",
                    "image_unavailable: toomanyrequests: you have reached your pull rate limit");
    CHECK(market.job_column(id, "status") == "assigned");
    CHECK(market.count("dispatch.assignment WHERE attempt = 2 AND state = 'waiting'") == 1);

    market.kill(kDispatcher);
    market.start(kDispatcher, pauses);
    // A status of an unsent attempt is refused; a provider with capacity uses up no attempt.
    market.publish(market.status(id, StatusKind::kCompleted, 2, 1));
    REQUIRE(testkit::wait_until(
        [&] {
            market.heartbeat(0);
            return market.count(
                       "dispatch.job_event WHERE refused_reason = 'this attempt has not been sent yet'") == 1;
        },
        Millis(30'000)));
    CHECK(market.bus().last_sequence(wire::kJobsStream) == 1);
    CHECK(market.job_column(id, "attempt") == "2");
    market.kill(kDispatcher);
    market.start(kDispatcher, {{"RETRY_PAUSE", "1h"}});

    market.database().transact([](store::Txn& txn) {
        txn.exec("UPDATE dispatch.assignment SET due_at = now() WHERE state = 'waiting'");
    });
    CHECK(market.take_assignment().attempt == 2);
    failed.attempt = 2;
    failed.seq = 2;
    market.publish(failed);
    market.wait_job(id, "attempt", "3");
    CHECK(market.count("dispatch.assignment WHERE attempt = 3 AND state = 'waiting' "
                       "AND due_at > now() + interval '59 minutes'") == 1);
    CHECK(market.bus().last_sequence(wire::kJobsStream) == 2);

    // A waiting attempt can be cancelled: it is never sent.
    const auto answer =
        market.ask_as_operator({"cancel-waiting", wire::Command::SetStatus{id, "cancelled", "not needed"}});
    CHECK(answer.at("status") == "cancelled");
    CHECK(market.count("dispatch.assignment WHERE state = 'waiting'") == 0);
    market.require_row_is_fold_of_journal(id);
}

TEST_CASE("an orphaned job is retracted, and dispatched again when it is back in another block") {
    Dispatch market(32);
    market.start_with_provider({{"DISPATCH_FINALITY", "latest"}});
    const auto wanted = market.spec(60);
    market.put_spec(wanted);
    const JobId id = wire::job_id_of(wanted);
    market.create_job(id, wanted.provider);
    market.wait_status(id, "assigned");
    CHECK(market.take_assignment().attempt == 1);

    market.anvil().call("anvil_reorg", "[1,[]]");
    market.mine(2);
    market.wait_status(id, "retracted");
    const auto retraction = market.take_retraction();
    CHECK(retraction.attempt == 1);
    CHECK(retraction.reason == wire::RetractReason::kOrphaned);

    market.create_job(id, wanted.provider);
    market.wait_status(id, "assigned");
    const auto again = market.take_assignment();
    CHECK(again.job_id == id);
    CHECK(again.attempt == 2);
    market.run_to_completion(id, 2);
    market.require_row_is_fold_of_journal(id);
}

TEST_CASE(
    "the operator cancels a job: the agent is notified, the same request gets the same answer, an end is an "
    "end") {
    Dispatch market;
    const JobId id = market.order(70);
    market.start_with_provider();
    market.wait_status(id, "assigned");
    wire::Command command;
    command.request_id = "cancel-1";
    command.what = wire::Command::SetStatus{id, "cancelled", "not wanted any more"};
    const auto asked = wire::prove_command(command, market.kOperatorToken, SystemClock().now());
    const auto answer = market.ask(asked);
    CHECK(answer.at("status") == "cancelled");
    CHECK(market.ask(asked) == answer);
    CHECK(market.ask_as_operator(command).at("status") == "cancelled");  // repeated later
    CHECK(market.job_column(id, "error_message") == "not wanted any more");
    // One id is one command: another job or another status under the same id does not get its answer.
    wire::Command reused = command;
    reused.what = wire::Command::SetStatus{market.order(71), "cancelled", "not wanted any more"};
    CHECK(market.ask_as_operator(reused).at("code") == "key_reused");
    reused.what = wire::Command::SetStatus{id, "failed", "not wanted any more"};
    CHECK(market.ask_as_operator(reused).at("status") == 422);
    CHECK(market.take_retraction().reason == wire::RetractReason::kCancelled);

    command.request_id = "cancel-2";
    const auto refused = market.ask_as_operator(command);
    CHECK(refused.at("status") == 409);
    CHECK(refused.at("code") == "illegal_transition");
    CHECK(market.ask(wire::kJobsCommand, {{"v", 1}}).at("status") == 400);
}

TEST_CASE("a client of the bus cannot set a status without the operator's token") {
    Dispatch market;
    const JobId id = market.order(72);
    market.start_with_provider();
    market.wait_status(id, "assigned");
    const wire::Command command{"forged", wire::Command::SetStatus{id, "cancelled", "from the bus"}};
    const auto now = SystemClock().now();
    const auto proven = wire::prove_command(command, market.kOperatorToken, now);
    const auto expect_refused = [&](const wire::Command& what, const std::string& code) {
        INFO(wire::to_json(what));
        const auto answer = market.ask(what);
        CHECK(answer.at("status") == 403);
        CHECK(answer.at("code") == code);
        CHECK_FALSE(answer.contains("proof"));
    };
    expect_refused(command, "no_proof");
    expect_refused(wire::prove_command(command, "another-token", now), "wrong_proof");
    auto moved = proven;  // a proof for one job is not valid for another
    moved.what = wire::Command::SetStatus{market.order(73), "cancelled", "from the bus"};
    expect_refused(moved, "wrong_proof");
    constexpr Millis kDay = std::chrono::days(1);
    expect_refused(wire::prove_command(command, market.kOperatorToken, now - 4 * kDay), "stale_command");
    expect_refused(wire::prove_command(command, market.kOperatorToken, now + 4 * kDay), "stale_command");
    CHECK(market.job_column(id, "status") == "assigned");
    CHECK(market.count("dispatch.command") == 0);

    // A clock that is a day off is accepted; a recorded command gets its answer again, without a second
    // effect.
    const auto behind = wire::prove_command(command, market.kOperatorToken, now - kDay);
    const auto text = wire::to_json(behind);
    const auto answer = market.bus().request(wire::kJobsCommand, text, Millis(10'000));
    CHECK(wire::answer_is_proven(answer, behind, market.kOperatorToken));
    CHECK(market.job_column(id, "status") == "cancelled");
    const auto journal = market.count("dispatch.job_event");
    CHECK(market.bus().request(wire::kJobsCommand, text, Millis(10'000)) == answer);
    CHECK(market.count("dispatch.job_event") == journal);
}

TEST_CASE("a dispatcher without the operator's token accepts no command to set a status") {
    Dispatch market;
    const JobId id = market.order(74);
    market.start_with_provider({{"OPERATOR_TOKEN", ""}});
    market.wait_status(id, "assigned");
    for (const auto* token : {"", "operator-token"}) {
        const wire::Command command{"forged", wire::Command::SetStatus{id, "cancelled", "from the bus"}};
        const auto answer = market.ask(wire::prove_command(command, token, SystemClock().now()));
        CHECK(answer.at("code") == "forbidden");
    }
    CHECK(market.job_column(id, "status") == "assigned");
}

TEST_CASE("an empty database gets its jobs back and dispatches none of them again") {
    Dispatch market;
    market.start_with_provider();
    const JobId paid = market.order(80);
    const JobId completed = market.order(81);
    const JobId running = market.order(82);
    for (const auto& id : {paid, completed, running}) {
        market.wait_status(id, "assigned");
    }
    market.run_to_completion(paid, 1);
    market.confirm(paid);
    market.claim(paid);
    market.wait_status(paid, "paid");
    market.run_to_completion(completed, 1);
    market.publish(market.status(running, StatusKind::kAccepted, 1, 1));
    market.publish(market.status(running, StatusKind::kRunning, 1, 2));
    market.wait_status(running, "running");
    REQUIRE(testkit::wait_until([&] { return market.count("bus.outbox") == 0; }));
    REQUIRE(market.bus().last_sequence(wire::kJobsStream) == 3);

    market.kill(kDispatcher);
    market.kill("node-registry");
    market.new_database("rebuilt");
    for (std::uint8_t salt = 80; salt < 83; ++salt) {
        market.put_spec(market.spec(salt));
    }
    market.start("node-registry");
    market.start(kDispatcher);
    market.wait_status(paid, "paid");
    market.wait_status(completed, "completed");
    market.wait_status(running, "running");
    market.wait_job(paid, "output_file_cid", "bafkreih2loemtdsu7nkxy6swbimrhvnzmgtauguukoz5rvhtdqedwx6cea");
    CHECK(market.job_column(running, "attempt") == "1");
    market.publish(market.status(running, StatusKind::kCompleted, 1, 3));
    market.wait_status(running, "completed");

    // A new job is dispatched; no other was sent.
    const JobId fresh = market.order(83);
    market.wait_status(fresh, "assigned");
    REQUIRE(testkit::wait_until([&] { return market.count("bus.outbox") == 0; }));
    CHECK(market.bus().last_sequence(wire::kJobsStream) == 4);
    for (const auto& id : {paid, completed, running, fresh}) {
        market.require_row_is_fold_of_journal(id);
    }
}

TEST_CASE("an online provider with capacity that does not accept uses up its attempts; a busy one does not") {
    Dispatch market;
    const JobId id = market.order(90);
    market.start_with_provider({{"ACCEPT_TIMEOUT", "400ms"}, {"MAX_ATTEMPTS", "2"}});
    market.wait_status(id, "assigned");
    const auto busy_until =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(1'600);  // 4 × the timeout
    CHECK(testkit::wait_until([&] {
        market.heartbeat(1);
        return std::chrono::steady_clock::now() > busy_until;
    }));
    CHECK(market.job_column(id, "attempt") == "1");
    REQUIRE(testkit::wait_until(
        [&] {
            market.heartbeat(0);
            return market.job_column(id, "status") == "expired";
        },
        Millis(30'000)));
    CHECK(market.job_column(id, "attempt") == "2");
    market.require_row_is_fold_of_journal(id);
}

TEST_CASE("forged and replayed heartbeats of an offline provider use up no attempt") {
    Dispatch market;
    market.start_with_provider({{"ACCEPT_TIMEOUT", "400ms"}, {"MAX_ATTEMPTS", "1"}});
    const JobId id = market.order(81);
    market.wait_status(id, "assigned");
    const auto recorded = wire::sign_heartbeat(market.next_heartbeat(), market.domain(), market.provider());
    REQUIRE(testkit::wait_until([&] {
        market.publish(recorded);
        return market.count("registry.presence") == 1;
    }));
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(3'200);
    CHECK(testkit::wait_until([&] {
        market.publish(recorded);
        market.publish(market.next_heartbeat());
        market.publish(wire::sign_heartbeat(market.next_heartbeat(), market.domain(), market.renter()));
        return std::chrono::steady_clock::now() > until;
    }));
    CHECK(market.job_column(id, "status") == "assigned");
    // Heartbeats signed by the provider count.
    REQUIRE(testkit::wait_until(
        [&] {
            market.heartbeat();
            return market.job_column(id, "status") == "expired";
        },
        Millis(30'000)));
}

TEST_CASE("the spec of a job that was not submitted is fetched from IPFS by its id") {
    Dispatch market;
    const testkit::ContentStore content(market.dir());
    market.start_with_provider({{"IPFS_API_URL", content.url()}, {"IPFS_GATEWAY_URL", content.url()}});
    const auto wanted = market.spec(100);
    const JobId id = market.create_job(wanted);
    market.wait_status(id, "awaiting_spec");
    net::HttpClient http;
    ipfs::ContentStore store({content.url(), {}, "", Millis(10'000)}, http);
    const auto text = wire::canonical_json(wanted);
    REQUIRE(store.put_block(as_bytes(text), CidCodec::kRaw) == wire::spec_cid(id));
    market.wait_status(id, "assigned");
    CHECK(market.take_assignment().job_id == id);
}

TEST_CASE("a job without a spec ends after SPEC_TTL") {
    Dispatch market;
    market.start_with_provider({{"SPEC_TTL", "1s"}});
    const JobId id = market.create_job(market.spec(101));
    market.wait_status(id, "expired");
    market.require_row_is_fold_of_journal(id);
}

TEST_CASE("while the bus, the database or the chain is unavailable it waits, and recovers by itself") {
    Dispatch market;
    market.start_with_provider();
    market.wait_status(market.order(110), "assigned");
    std::uint64_t jobs = 1;
    const auto next_job_leaves = [&](std::uint8_t salt) {
        const JobId id = market.order(salt);
        market.wait_status(id, "assigned");
        ++jobs;
        REQUIRE(testkit::wait_until([&] { return market.bus().last_sequence(wire::kJobsStream) == jobs; },
                                    Millis(30'000)));
        CHECK(market.service(kDispatcher).running());
    };
    SECTION("NATS is killed and starts again") {
        market.nats().kill();
        const JobId meanwhile = market.order(111);
        market.nats().start();
        REQUIRE(testkit::wait_until([&] { return market.bus().connected(); }, Millis(30'000)));
        market.wait_status(meanwhile, "assigned");
        ++jobs;
        next_job_leaves(112);
        market.run_to_completion(meanwhile, 1);
    }
    SECTION("PostgreSQL is killed and starts again") {
        market.postgres().kill();
        market.postgres().start();
        next_job_leaves(113);
    }
    SECTION("the EVM node stops and starts again") {
        market.anvil().stop();
        market.anvil().start();
        next_job_leaves(114);
    }
}

TEST_CASE("statuses sent while the dispatcher was down are read after its restart") {
    Dispatch market;
    const JobId id = market.order(120);
    market.start_with_provider();
    market.wait_status(id, "assigned");
    market.publish(market.status(id, StatusKind::kAccepted, 1, 1));
    market.publish(market.status(id, StatusKind::kRunning, 1, 2));
    market.wait_status(id, "running");
    market.kill(kDispatcher);
    market.publish(market.status(id, StatusKind::kCompleted, 1, 3));
    market.start(kDispatcher);
    market.wait_status(id, "completed");
    CHECK(market.job_column(id, "attempt") == "1");
    CHECK(market.bus().last_sequence(wire::kJobsStream) == 1);
}

TEST_CASE("it ends with 0 within five seconds, also while all dependencies are unavailable") {
    Dispatch market;
    market.start_with_provider({{"IPFS_GATEWAY_URL", "http://127.0.0.1:1"}});
    market.wait_status(market.order(130), "assigned");
    market.nats().kill();
    market.postgres().kill();
    market.anvil().stop();
    const auto begin = std::chrono::steady_clock::now();
    CHECK(market.service(kDispatcher).stop() == 0);
    CHECK(market.service("node-registry").stop() == 0);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10) * testkit::patience());
}
