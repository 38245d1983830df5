// The dispatcher as a process, against a real database, bus and chain. The test plays the agent.
#include <csignal>

#include "integration/market_fixture.hpp"
#include "ipfs/content_store.hpp"
#include "net/http_client.hpp"
#include "outbox/dead_letter.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"

using namespace lamda;
using namespace lamda::integration;
using wire::StatusKind;

namespace {

constexpr auto kDispatcher = "job-dispatcher";

struct Dispatch : MarketFixture {
    explicit Dispatch(unsigned slots = 1) : MarketFixture("dispatch", slots) {}

    /// With a provider that the registry knows.
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
    Dispatch deployment;
    const JobId id = deployment.order(1);
    deployment.start_with_provider();
    deployment.wait_status(id, "assigned");

    const auto assignment = deployment.take_assignment();
    CHECK(assignment.job_id == id);
    CHECK(assignment.attempt == 1);
    CHECK(assignment.docker_image == "lamda/busybox:1.35");

    deployment.publish(deployment.status(id, StatusKind::kAccepted, 1, 1));
    deployment.wait_job(id, "work_state", "accepted");
    CHECK(deployment.job_column(id, "status") == "assigned");
    deployment.publish(deployment.status(id, StatusKind::kRunning, 1, 2));
    deployment.wait_status(id, "running");
    deployment.publish(deployment.status(id, StatusKind::kCompleted, 1, 3));
    deployment.wait_status(id, "completed");
    CHECK(deployment.job_column(id, "output_file_cid") ==
          "bafkreih2loemtdsu7nkxy6swbimrhvnzmgtauguukoz5rvhtdqedwx6cea");
    deployment.confirm(id);
    deployment.wait_status(id, "confirmed");
    deployment.claim(id);
    deployment.wait_status(id, "paid");
    deployment.require_row_is_fold_of_journal(id);
    CHECK(deployment.bus().last_sequence(wire::kJobsStream) == 1);

    const auto answer = deployment.ask(wire::kJobsQuery, {{"status", "paid"}, {"limit", 5}});
    REQUIRE(answer.at("count") == 1);
    CHECK(answer.at("jobs")[0].at("id") == id.hex());
    CHECK(deployment.ask(wire::kJobsQuery, {{"status", "nonsense"}}).at("errors")[0].at("pointer") ==
          "/status");

    CHECK(deployment.service(kDispatcher).stop() == 0);
}

TEST_CASE("killed at any step and started again, it sends no attempt twice and loses none") {
    Dispatch deployment;
    deployment.start_with_provider();
    std::uint8_t salt = 10;
    std::uint64_t jobs = 0;
    for (const auto* point : {"projector.before_commit", "projector.after_commit", "judge.before_commit",
                              "judge.after_commit", "relay.before_publish", "relay.after_publish"}) {
        INFO("killed at " << point);
        deployment.kill(kDispatcher);
        const JobId id = deployment.order(salt++);
        deployment.start(kDispatcher, {{"LAMDA_CRASH_AT", point}});
        REQUIRE(deployment.service(kDispatcher).wait(Millis(30'000)) == 128 + SIGKILL);
        deployment.start(kDispatcher);
        deployment.wait_status(id, "assigned");
        ++jobs;
        REQUIRE(
            testkit::wait_until([&] { return deployment.bus().last_sequence(wire::kJobsStream) == jobs; }));
        const auto assignment = deployment.take_assignment();
        CHECK(assignment.job_id == id);
        CHECK(assignment.attempt == 1);
        REQUIRE(testkit::wait_until(
            [&] { return deployment.count("bus.outbox WHERE owner = 'dispatcher'") == 0; }));
    }
    CHECK(deployment.bus().last_sequence(wire::kJobsStream) == jobs);
    CHECK(deployment.count("dispatch.assignment") == static_cast<std::int64_t>(jobs));
}

TEST_CASE("a job waits for its spec, then for its provider, and leaves when both have come") {
    Dispatch deployment;
    const auto wanted = deployment.spec(30);
    deployment.start("node-registry");
    deployment.start(kDispatcher);
    const JobId id = deployment.create_job(wanted);
    deployment.wait_status(id, "awaiting_spec");
    deployment.put_spec(wanted);
    deployment.wait_status(id, "awaiting_provider");
    deployment.register_node(deployment.provider());
    deployment.wait_status(id, "assigned");
    CHECK(deployment.take_assignment().job_id == id);

    SECTION("a spec that says something else than the chain never leaves") {
        auto cheap = deployment.spec(31);
        cheap.min_payment = 1'001;
        deployment.put_spec(cheap);
        const JobId dust = deployment.create_job(cheap);
        deployment.wait_status(dust, "mismatched");
        CHECK(deployment.bus().last_sequence(wire::kJobsStream) == 1);
    }
    SECTION("a job whose id is no digest is served when its renter attaches a spec") {
        JobId id_of_old_frontend;
        id_of_old_frontend.array()[0] = 0xee;
        deployment.create_job(id_of_old_frontend, deployment.provider().address());
        deployment.mine();
        deployment.wait_status(id_of_old_frontend, "awaiting_spec");
        const auto attached = deployment.spec(32);
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
        CHECK(deployment.ask(command("a", deployment.provider())).at("status") == 403);
        CHECK(deployment.ask(command("b", deployment.renter())).at("jobId") == id_of_old_frontend.hex());
        deployment.wait_status(id_of_old_frontend, "assigned");
        CHECK(deployment.take_assignment().job_id == id_of_old_frontend);
    }
}

TEST_CASE("a status that is malformed or wrongly signed is recorded and dropped, and the consumer goes on") {
    Dispatch deployment;
    const JobId id = deployment.order(40);
    deployment.start_with_provider();
    deployment.wait_status(id, "assigned");
    deployment.publish_raw("{\"v\":1,");
    deployment.publish(deployment.status(id, StatusKind::kCompleted, 1, 1), deployment.renter());
    deployment.publish(deployment.status(id, StatusKind::kCompleted, 7, 1));
    deployment.publish(deployment.status(id, StatusKind::kAccepted, 1, 1));
    deployment.wait_job(id, "work_state", "accepted");
    CHECK(deployment.count("bus.dead_letter WHERE owner = 'dispatcher'") == 2);
    CHECK(deployment.count("dispatch.job_event WHERE refused_reason = 'this attempt never left'") == 1);
    deployment.require_row_is_fold_of_journal(id);
}

TEST_CASE("a status that was put away by mistake is redriven, and counts as if it had just come") {
    Dispatch deployment;
    const JobId id = deployment.order(45);
    deployment.start_with_provider();
    deployment.wait_status(id, "assigned");
    const auto domain = wire::market_domain(ChainId{31337}, deployment.job_manager());
    deployment.database().transact([&](store::Txn& txn) {
        std::uint32_t seq = 0;
        for (const auto kind : {StatusKind::kAccepted, StatusKind::kRunning, StatusKind::kCompleted}) {
            const auto status =
                wire::sign_status(deployment.status(id, kind, 1, ++seq), domain, deployment.provider());
            outbox::put_dead_letter(txn, "dispatcher", wire::status_subject(deployment.provider().address()),
                                    wire::to_json(status), "refused by another's mistake");
        }
        for (const auto& row :
             txn.exec("SELECT api.redrive_dead_letter(id) AS answer FROM api.dead_letter ORDER BY id")) {
            CHECK_THAT(row.get<std::string>("answer"), Catch::StartsWith("put back"));
        }
    });
    deployment.wait_status(id, "completed");
    CHECK(deployment.job_column(id, "output_file_cid") != "null");
    CHECK(deployment.count("bus.dead_letter") == 0);
    deployment.require_row_is_fold_of_journal(id);
}

TEST_CASE("a transient failure takes a new attempt and voids the old one; a permanent one ends the job") {
    Dispatch deployment;
    const JobId id = deployment.order(50);
    deployment.start_with_provider({{"RETRY_PAUSE", "0s"}});
    deployment.wait_status(id, "assigned");
    CHECK(deployment.take_assignment().attempt == 1);
    auto failed = deployment.status(id, StatusKind::kFailed, 1, 1);
    failed.error_code = wire::ErrorCode::kStoreFailed;
    deployment.publish(failed);
    deployment.wait_job(id, "attempt", "2");
    CHECK(deployment.take_assignment().attempt == 2);
    const auto retraction = deployment.take_retraction();
    CHECK(retraction.attempt == 1);
    CHECK(retraction.reason == wire::RetractReason::kSuperseded);
    failed.attempt = 2;
    failed.error_code = wire::ErrorCode::kExitNonzero;
    deployment.publish(failed);
    deployment.wait_status(id, "failed");
    deployment.require_row_is_fold_of_journal(id);
}

TEST_CASE("after a transient failure the next attempt waits, and shows why; a kill does not shorten it") {
    Dispatch deployment;
    const JobId id = deployment.order(55);
    // As long as the test lasts: it is the test that makes an attempt due.
    const std::map<std::string, std::string> pauses{{"RETRY_PAUSE", "1h"}, {"ACCEPT_TIMEOUT", "1ms"}};
    deployment.start_with_provider(pauses);
    deployment.wait_status(id, "assigned");
    CHECK(deployment.take_assignment().attempt == 1);
    auto failed = deployment.status(id, StatusKind::kFailed, 1, 1);
    failed.error_code = wire::ErrorCode::kImageUnavailable;
    failed.error_message = "toomanyrequests: you have reached your pull rate limit";
    deployment.publish(failed);
    deployment.wait_job(id, "error_message",
                        "image_unavailable: toomanyrequests: you have reached your pull rate limit");
    CHECK(deployment.job_column(id, "status") == "assigned");
    CHECK(deployment.count("dispatch.assignment WHERE attempt = 2 AND state = 'waiting'") == 1);

    deployment.kill(kDispatcher);
    deployment.start(kDispatcher, pauses);
    // An agent that claims to have it is not believed, and a provider with room uses up nothing.
    deployment.publish(deployment.status(id, StatusKind::kCompleted, 2, 1));
    REQUIRE(testkit::wait_until(
        [&] {
            deployment.heartbeat(0);
            return deployment.count(
                       "dispatch.job_event WHERE refused_reason = 'this attempt has not left yet'") == 1;
        },
        Millis(30'000)));
    CHECK(deployment.bus().last_sequence(wire::kJobsStream) == 1);
    CHECK(deployment.job_column(id, "attempt") == "2");
    deployment.kill(kDispatcher);
    deployment.start(kDispatcher, {{"RETRY_PAUSE", "1h"}});

    deployment.database().transact([](store::Txn& txn) {
        txn.exec("UPDATE dispatch.assignment SET due_at = now() WHERE state = 'waiting'");
    });
    CHECK(deployment.take_assignment().attempt == 2);
    failed.attempt = 2;
    failed.seq = 2;
    deployment.publish(failed);
    deployment.wait_job(id, "attempt", "3");
    CHECK(deployment.count("dispatch.assignment WHERE attempt = 3 AND state = 'waiting' "
                           "AND due_at > now() + interval '59 minutes'") == 1);
    CHECK(deployment.bus().last_sequence(wire::kJobsStream) == 2);

    // What waits can be cancelled: it never leaves.
    const auto answer = deployment.ask_as_operator(
        {"cancel-waiting", wire::Command::SetStatus{id, "cancelled", "not needed"}});
    CHECK(answer.at("status") == "cancelled");
    CHECK(deployment.count("dispatch.assignment WHERE state = 'waiting'") == 0);
    deployment.require_row_is_fold_of_journal(id);
}

TEST_CASE("an orphaned job is retracted, and dispatched again when it is back in another block") {
    Dispatch deployment(32);
    deployment.start_with_provider({{"DISPATCH_FINALITY", "latest"}});
    const auto wanted = deployment.spec(60);
    deployment.put_spec(wanted);
    const JobId id = wire::job_id_of(wanted);
    deployment.create_job(id, wanted.provider);
    deployment.wait_status(id, "assigned");
    CHECK(deployment.take_assignment().attempt == 1);

    deployment.anvil().call("anvil_reorg", "[1,[]]");
    deployment.mine(2);
    deployment.wait_status(id, "retracted");
    const auto retraction = deployment.take_retraction();
    CHECK(retraction.attempt == 1);
    CHECK(retraction.reason == wire::RetractReason::kOrphaned);

    deployment.create_job(id, wanted.provider);
    deployment.wait_status(id, "assigned");
    const auto again = deployment.take_assignment();
    CHECK(again.job_id == id);
    CHECK(again.attempt == 2);
    deployment.run_to_completion(id, 2);
    deployment.require_row_is_fold_of_journal(id);
}

TEST_CASE(
    "the operator cancels a job: the agent is told, the same request is answered the same, an end is an "
    "end") {
    Dispatch deployment;
    const JobId id = deployment.order(70);
    deployment.start_with_provider();
    deployment.wait_status(id, "assigned");
    wire::Command command;
    command.request_id = "cancel-1";
    command.what = wire::Command::SetStatus{id, "cancelled", "not wanted any more"};
    const auto asked = wire::prove_command(command, deployment.kOperatorToken, SystemClock().now());
    const auto answer = deployment.ask(asked);
    CHECK(answer.at("status") == "cancelled");
    CHECK(deployment.ask(asked) == answer);
    CHECK(deployment.ask_as_operator(command).at("status") == "cancelled");  // asked again later
    CHECK(deployment.job_column(id, "error_message") == "not wanted any more");
    // One id is one command: neither another job nor another ending gets its answer.
    wire::Command reused = command;
    reused.what = wire::Command::SetStatus{deployment.order(71), "cancelled", "not wanted any more"};
    CHECK(deployment.ask_as_operator(reused).at("code") == "key_reused");
    reused.what = wire::Command::SetStatus{id, "failed", "not wanted any more"};
    CHECK(deployment.ask_as_operator(reused).at("status") == 422);
    CHECK(deployment.take_retraction().reason == wire::RetractReason::kCancelled);

    command.request_id = "cancel-2";
    const auto refused = deployment.ask_as_operator(command);
    CHECK(refused.at("status") == 409);
    CHECK(refused.at("code") == "illegal_transition");
    CHECK(deployment.ask(wire::kJobsCommand, {{"v", 1}}).at("status") == 400);
}

TEST_CASE("whoever reaches the bus sets no status without the operator's token") {
    Dispatch deployment;
    const JobId id = deployment.order(72);
    deployment.start_with_provider();
    deployment.wait_status(id, "assigned");
    const wire::Command command{"forged", wire::Command::SetStatus{id, "cancelled", "from the bus"}};
    const auto now = SystemClock().now();
    const auto proven = wire::prove_command(command, deployment.kOperatorToken, now);
    const auto expect_refused = [&](const wire::Command& what, const std::string& code) {
        INFO(wire::to_json(what));
        const auto answer = deployment.ask(what);
        CHECK(answer.at("status") == 403);
        CHECK(answer.at("code") == code);
        CHECK_FALSE(answer.contains("proof"));
    };
    expect_refused(command, "no_proof");
    expect_refused(wire::prove_command(command, "another-token", now), "wrong_proof");
    auto moved = proven;  // what was proven of one job says nothing of another
    moved.what = wire::Command::SetStatus{deployment.order(73), "cancelled", "from the bus"};
    expect_refused(moved, "wrong_proof");
    constexpr Millis kDay = std::chrono::days(1);
    expect_refused(wire::prove_command(command, deployment.kOperatorToken, now - 4 * kDay), "stale_command");
    expect_refused(wire::prove_command(command, deployment.kOperatorToken, now + 4 * kDay), "stale_command");
    CHECK(deployment.job_column(id, "status") == "assigned");
    CHECK(deployment.count("dispatch.command") == 0);

    // A clock that is a day off harms nothing; and a recorded command gets its answer, and no effect, again.
    const auto behind = wire::prove_command(command, deployment.kOperatorToken, now - kDay);
    const auto text = wire::to_json(behind);
    const auto answer = deployment.bus().request(wire::kJobsCommand, text, Millis(10'000));
    CHECK(wire::answer_is_proven(answer, behind, deployment.kOperatorToken));
    CHECK(deployment.job_column(id, "status") == "cancelled");
    const auto journal = deployment.count("dispatch.job_event");
    CHECK(deployment.bus().request(wire::kJobsCommand, text, Millis(10'000)) == answer);
    CHECK(deployment.count("dispatch.job_event") == journal);
}

TEST_CASE("a dispatcher without the operator's token takes no status from anybody") {
    Dispatch deployment;
    const JobId id = deployment.order(74);
    deployment.start_with_provider({{"OPERATOR_TOKEN", ""}});
    deployment.wait_status(id, "assigned");
    for (const auto* token : {"", "operator-token"}) {
        const wire::Command command{"forged", wire::Command::SetStatus{id, "cancelled", "from the bus"}};
        const auto answer = deployment.ask(wire::prove_command(command, token, SystemClock().now()));
        CHECK(answer.at("code") == "forbidden");
    }
    CHECK(deployment.job_column(id, "status") == "assigned");
}

TEST_CASE("a database rebuilt from nothing gets its jobs back and dispatches none of them again") {
    Dispatch deployment;
    deployment.start_with_provider();
    const JobId paid = deployment.order(80);
    const JobId completed = deployment.order(81);
    const JobId running = deployment.order(82);
    for (const auto& id : {paid, completed, running}) {
        deployment.wait_status(id, "assigned");
    }
    deployment.run_to_completion(paid, 1);
    deployment.confirm(paid);
    deployment.claim(paid);
    deployment.wait_status(paid, "paid");
    deployment.run_to_completion(completed, 1);
    deployment.publish(deployment.status(running, StatusKind::kAccepted, 1, 1));
    deployment.publish(deployment.status(running, StatusKind::kRunning, 1, 2));
    deployment.wait_status(running, "running");
    REQUIRE(testkit::wait_until([&] { return deployment.count("bus.outbox") == 0; }));
    REQUIRE(deployment.bus().last_sequence(wire::kJobsStream) == 3);

    deployment.kill(kDispatcher);
    deployment.kill("node-registry");
    deployment.new_database("rebuilt");
    for (std::uint8_t salt = 80; salt < 83; ++salt) {
        deployment.put_spec(deployment.spec(salt));
    }
    deployment.start("node-registry");
    deployment.start(kDispatcher);
    deployment.wait_status(paid, "paid");
    deployment.wait_status(completed, "completed");
    deployment.wait_status(running, "running");
    deployment.wait_job(paid, "output_file_cid",
                        "bafkreih2loemtdsu7nkxy6swbimrhvnzmgtauguukoz5rvhtdqedwx6cea");
    CHECK(deployment.job_column(running, "attempt") == "1");
    deployment.publish(deployment.status(running, StatusKind::kCompleted, 1, 3));
    deployment.wait_status(running, "completed");

    // A job that is new after all that is dispatched; nothing else left.
    const JobId fresh = deployment.order(83);
    deployment.wait_status(fresh, "assigned");
    REQUIRE(testkit::wait_until([&] { return deployment.count("bus.outbox") == 0; }));
    CHECK(deployment.bus().last_sequence(wire::kJobsStream) == 4);
    for (const auto& id : {paid, completed, running, fresh}) {
        deployment.require_row_is_fold_of_journal(id);
    }
}

TEST_CASE(
    "a provider that is there and has room, and does not accept, uses up its attempts; a busy one does not") {
    Dispatch deployment;
    const JobId id = deployment.order(90);
    deployment.start_with_provider({{"ACCEPT_TIMEOUT", "400ms"}, {"MAX_ATTEMPTS", "2"}});
    deployment.wait_status(id, "assigned");
    const auto busy_until =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(1'600);  // 4 × the time-out
    CHECK(testkit::wait_until([&] {
        deployment.heartbeat(1);
        return std::chrono::steady_clock::now() > busy_until;
    }));
    CHECK(deployment.job_column(id, "attempt") == "1");
    REQUIRE(testkit::wait_until(
        [&] {
            deployment.heartbeat(0);
            return deployment.job_column(id, "status") == "expired";
        },
        Millis(30'000)));
    CHECK(deployment.job_column(id, "attempt") == "2");
    deployment.require_row_is_fold_of_journal(id);
}

TEST_CASE("forged and recorded heartbeats of a provider that is away use up no attempt") {
    Dispatch deployment;
    deployment.start_with_provider({{"ACCEPT_TIMEOUT", "400ms"}, {"MAX_ATTEMPTS", "1"}});
    const JobId id = deployment.order(81);
    deployment.wait_status(id, "assigned");
    const auto recorded =
        wire::sign_heartbeat(deployment.next_heartbeat(), deployment.domain(), deployment.provider());
    REQUIRE(testkit::wait_until([&] {
        deployment.publish(recorded);
        return deployment.count("registry.presence") == 1;
    }));
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(3'200);
    CHECK(testkit::wait_until([&] {
        deployment.publish(recorded);
        deployment.publish(deployment.next_heartbeat());
        deployment.publish(
            wire::sign_heartbeat(deployment.next_heartbeat(), deployment.domain(), deployment.renter()));
        return std::chrono::steady_clock::now() > until;
    }));
    CHECK(deployment.job_column(id, "status") == "assigned");
    // Those that the provider signs do count.
    REQUIRE(testkit::wait_until(
        [&] {
            deployment.heartbeat();
            return deployment.job_column(id, "status") == "expired";
        },
        Millis(30'000)));
}

TEST_CASE("a job whose spec nobody gave is found on IPFS by its id") {
    Dispatch deployment;
    const testkit::ContentStore content(deployment.dir());
    deployment.start_with_provider({{"IPFS_API_URL", content.url()}, {"IPFS_GATEWAY_URL", content.url()}});
    const auto wanted = deployment.spec(100);
    const JobId id = deployment.create_job(wanted);
    deployment.wait_status(id, "awaiting_spec");
    net::HttpClient http;
    ipfs::ContentStore store({content.url(), {}, "", Millis(10'000)}, http);
    const auto text = wire::canonical_json(wanted);
    REQUIRE(store.put_block(as_bytes(text), CidCodec::kRaw) == wire::spec_cid(id));
    deployment.wait_status(id, "assigned");
    CHECK(deployment.take_assignment().job_id == id);
}

TEST_CASE("a spec that never comes ends the job after SPEC_TTL") {
    Dispatch deployment;
    deployment.start_with_provider({{"SPEC_TTL", "1s"}});
    const JobId id = deployment.create_job(deployment.spec(101));
    deployment.wait_status(id, "expired");
    deployment.require_row_is_fold_of_journal(id);
}

TEST_CASE("while the bus, the database or the chain is away it waits, and recovers by itself") {
    Dispatch deployment;
    deployment.start_with_provider();
    deployment.wait_status(deployment.order(110), "assigned");
    std::uint64_t jobs = 1;
    const auto next_job_leaves = [&](std::uint8_t salt) {
        const JobId id = deployment.order(salt);
        deployment.wait_status(id, "assigned");
        ++jobs;
        REQUIRE(testkit::wait_until([&] { return deployment.bus().last_sequence(wire::kJobsStream) == jobs; },
                                    Millis(30'000)));
        CHECK(deployment.service(kDispatcher).running());
    };
    SECTION("NATS is killed and comes back") {
        deployment.nats().kill();
        const JobId meanwhile = deployment.order(111);
        deployment.nats().start();
        REQUIRE(testkit::wait_until([&] { return deployment.bus().connected(); }, Millis(30'000)));
        deployment.wait_status(meanwhile, "assigned");
        ++jobs;
        next_job_leaves(112);
        deployment.run_to_completion(meanwhile, 1);
    }
    SECTION("PostgreSQL is killed and comes back") {
        deployment.postgres().kill();
        deployment.postgres().start();
        next_job_leaves(113);
    }
    SECTION("the EVM node stops and comes back") {
        deployment.anvil().stop();
        deployment.anvil().start();
        next_job_leaves(114);
    }
}

TEST_CASE("what an agent said while the dispatcher was down is read when it is back") {
    Dispatch deployment;
    const JobId id = deployment.order(120);
    deployment.start_with_provider();
    deployment.wait_status(id, "assigned");
    deployment.publish(deployment.status(id, StatusKind::kAccepted, 1, 1));
    deployment.publish(deployment.status(id, StatusKind::kRunning, 1, 2));
    deployment.wait_status(id, "running");
    deployment.kill(kDispatcher);
    deployment.publish(deployment.status(id, StatusKind::kCompleted, 1, 3));
    deployment.start(kDispatcher);
    deployment.wait_status(id, "completed");
    CHECK(deployment.job_column(id, "attempt") == "1");
    CHECK(deployment.bus().last_sequence(wire::kJobsStream) == 1);
}

TEST_CASE("it ends with 0 within five seconds, also while everything it needs is away") {
    Dispatch deployment;
    deployment.start_with_provider({{"IPFS_GATEWAY_URL", "http://127.0.0.1:1"}});
    deployment.wait_status(deployment.order(130), "assigned");
    deployment.nats().kill();
    deployment.postgres().kill();
    deployment.anvil().stop();
    const auto begin = std::chrono::steady_clock::now();
    CHECK(deployment.service(kDispatcher).stop() == 0);
    CHECK(deployment.service("node-registry").stop() == 0);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}
