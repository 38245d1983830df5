// Tests of a job's way through the dispatcher: spec, provider, attempts, statuses and expiry.
#include <fstream>
#include <iterator>

#include "integration/dispatch_fixture.hpp"
#include "ipfs/testing/put_text.hpp"
#include "net/http_client.hpp"
#include "outbox/dead_letter.hpp"
#include "testkit/patience.hpp"
#include "wire/documents/receipt.hpp"

using namespace lamda;
using namespace lamda::integration;
using wire::StatusKind;

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
    auto completed = market.status(id, StatusKind::kCompleted, 1, 3);
    completed.receipt = wire::Receipt{id,
                                      1,
                                      "sha256:" + std::string(64, 'a'),
                                      "",
                                      *completed.output_file_cid,
                                      "2026-11-20T10:00:01.000Z",
                                      "2026-11-20T10:00:02.000Z",
                                      0};
    completed.receipt_signature =
        wire::sign_receipt(*completed.receipt, market.domain(), market.provider()).hex65();
    market.publish(completed);
    market.wait_status(id, "completed");
    CHECK(market.job_column(id, "output_file_cid") ==
          "bafkreih2loemtdsu7nkxy6swbimrhvnzmgtauguukoz5rvhtdqedwx6cea");
    const auto document = market.database().transact([&](store::Txn& txn) {
        return txn.one("SELECT document FROM api.receipt WHERE job_id = $1", {id})
            .get<std::string>("document");
    });
    const auto receipt = wire::parse_signed_receipt(document).value();
    CHECK(receipt.receipt == *completed.receipt);
    CHECK(wire::verify_receipt(receipt));
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
    REQUIRE(testkit::wait_until([&] {
        market.heartbeat(0);
        return market.count(
                   "dispatch.job_event WHERE refused_reason = 'this attempt has not been sent yet'") == 1;
    }));
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
    REQUIRE(testkit::wait_until([&] {
        market.heartbeat(0);
        return market.job_column(id, "status") == "expired";
    }));
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
    REQUIRE(testkit::wait_until([&] {
        market.heartbeat();
        return market.job_column(id, "status") == "expired";
    }));
}

TEST_CASE("the spec of a job that was not submitted is fetched from IPFS by its id") {
    Dispatch market;
    const testkit::ContentStore content(market.dir());
    market.start_with_provider({{"IPFS_API_URL", content.url()}, {"IPFS_GATEWAY_URL", content.url()}});
    const auto wanted = market.spec(100);
    const JobId id = market.create_job(wanted);
    market.wait_status(id, "awaiting_spec");
    net::HttpClient http;
    ipfs::ContentStore store({content.url(), {}, "", testkit::kCallTimeout}, http);
    const std::string large(wire::kMostSpecBytes + 1, ' ');  // the block is the job's, and no spec
    ipfs::put_text(store, large);
    market.create_job(wire::job_id_of_canonical(large), market.provider().address());
    market.mine();
    const auto text = wire::canonical_json(wanted);
    REQUIRE(ipfs::put_text(store, text) == wire::spec_cid(id));
    market.wait_status(id, "assigned");
    CHECK(market.take_assignment().job_id == id);
    CHECK(testkit::wait_until([&] {
        std::ifstream log(market.dir() + "/job-dispatcher.log");
        return std::string(std::istreambuf_iterator<char>(log), {}).find("a spec has 2 to 65536") !=
               std::string::npos;
    }));
    CHECK(market.job_column(wire::job_id_of_canonical(large), "status") == "awaiting_spec");
}

TEST_CASE("a job without a spec ends after SPEC_TTL") {
    Dispatch market;
    market.start_with_provider({{"SPEC_TTL", "1s"}});
    const JobId id = market.create_job(market.spec(101));
    market.wait_status(id, "expired");
    market.require_row_is_fold_of_journal(id);
}
