// Cancellation by the renter or the operator, and notices about a draining provider, with real services.
#include <mutex>

#include "integration/dispatch_fixture.hpp"
#include "wire/documents/cancellation.hpp"
#include "wire/provider_notice.hpp"

using namespace lamda;
using namespace lamda::integration;

namespace {

std::uint64_t in(std::chrono::seconds time) {
    return static_cast<std::uint64_t>((SystemClock().now() + time).time_since_epoch() /
                                      std::chrono::seconds(1));
}

struct Cancelling : Dispatch {
    wire::Command signed_by(const crypto::Signer& signer, const JobId& id,
                            std::chrono::seconds valid_for = std::chrono::minutes(10)) {
        return {random_id(), wire::sign_cancellation(id, in(valid_for), domain(), signer)};
    }
    /// Status and code of a refusal.
    std::string refusal(const wire::Command& command) {
        const auto answer = ask(command);
        INFO(answer.dump());
        REQUIRE(answer.contains("code"));
        return std::to_string(answer.at("status").get<int>()) + " " + answer.at("code").get<std::string>();
    }
    std::int64_t entries(const JobId& id, const std::string& kind) {
        return database().transact([&](store::Txn& txn) {
            return txn
                .one("SELECT count(*) AS n FROM dispatch.job_event WHERE job_id = $1 AND kind = $2",
                     {id, kind})
                .get<std::int64_t>("n");
        });
    }
};

}  // namespace

TEST_CASE(
    "a renter cancels a running job: its agent is notified, and the same signature gets the same answer") {
    Cancelling market;
    const JobId id = market.order(80);
    market.start_with_provider();
    market.wait_status(id, "assigned");
    market.publish(market.status(id, wire::StatusKind::kAccepted, 1, 1));
    market.publish(market.status(id, wire::StatusKind::kRunning, 1, 2));
    market.wait_status(id, "running");

    const auto asked = market.signed_by(market.renter(), id);
    const auto answer = market.ask(asked);
    INFO(answer.dump());
    REQUIRE(answer.at("status") == "cancelled");
    CHECK(answer.at("reason") == "cancelled by its renter");
    CHECK(answer.at("escrow").at("code") == "held_no_refund");
    CHECK(market.job_column(id, "status") == "cancelled");
    CHECK(market.job_column(id, "error_message") == "cancelled by its renter");
    const auto retraction = market.take_retraction();
    CHECK(retraction.job_id == id);
    CHECK(retraction.attempt == 1);
    CHECK(retraction.reason == wire::RetractReason::kCancelled);
    CHECK(retraction.chain_id == ChainId{31337});
    CHECK(retraction.job_manager == market.job_manager());

    CHECK(market.ask(asked) == answer);
    const auto again = market.ask(market.signed_by(market.renter(), id));  // another signature
    CHECK(again.at("status") == "cancelled");
    CHECK(again.at("reason") == answer.at("reason"));
    CHECK(again.at("escrow") == answer.at("escrow"));
    const wire::Command by_operator{"operator", wire::Command::CancelJob{id, {}}};
    CHECK(market.ask_as_operator(by_operator).at("reason") == "cancelled by its renter");
    CHECK(market.entries(id, "set_cancelled") == 1);
    market.require_row_is_fold_of_journal(id);

    // The contract does not know of the cancellation: the provider can still confirm and claim.
    market.confirm(id);
    market.wait_status(id, "confirmed");
    const auto refused = market.ask(market.signed_by(market.renter(), id));
    CHECK(refused.at("status") == 409);
    CHECK(refused.at("errors").at(0).at("code") == "job_confirmed");
    CHECK(market.ask(asked) == answer);
}

TEST_CASE("who may cancel: the renter by a valid signature for this job, or the operator by a proof") {
    Cancelling market;
    const JobId id = market.order(81);
    const JobId other = market.order(82);
    market.start_with_provider();
    market.wait_status(id, "assigned");
    market.wait_status(other, "assigned");
    using std::chrono::hours;
    using std::chrono::seconds;

    CHECK(market.refusal(market.signed_by(market.provider(), id)) == "403 not_the_renter");
    CHECK(market.refusal(market.signed_by(*MarketFixture::signer(3), id)) == "403 not_the_renter");
    CHECK(market.refusal(market.signed_by(market.renter(), id, seconds(-1))) == "403 expired");
    CHECK(market.refusal(market.signed_by(market.renter(), id, hours(96))) == "403 expires_too_late");
    auto elsewhere = market.domain();
    elsewhere.chain_id = ChainId{56};
    CHECK(market.refusal({"chain", wire::sign_cancellation(id, in(seconds(600)), elsewhere,
                                                           market.renter())}) == "403 not_the_renter");
    elsewhere = market.domain();
    elsewhere.verifying_contract = market.node_reputation();
    CHECK(market.refusal({"contract", wire::sign_cancellation(id, in(seconds(600)), elsewhere,
                                                              market.renter())}) == "403 not_the_renter");
    auto replay = market.signed_by(market.renter(), other);
    std::get<wire::Command::CancelJob>(replay.what).job_id = id;
    CHECK(market.refusal(replay) == "403 not_the_renter");
    CHECK(market.refusal({"bare", wire::Command::CancelJob{id, {}}}) == "403 no_proof");
    CHECK(market.refusal(wire::prove_command({"guess", wire::Command::CancelJob{id, {}}}, "another-token",
                                             SystemClock().now())) == "403 wrong_proof");
    auto half = json::parse(wire::to_json(market.signed_by(market.renter(), id)));
    half.erase("signature");
    CHECK(market.ask(wire::kJobsCommand, half).at("status") == 400);
    JobId unknown = id;
    unknown.array()[0] ^= 1;
    CHECK(market.refusal(market.signed_by(market.renter(), unknown)) == "404 unknown_job");
    CHECK(market.job_column(id, "status") == "assigned");
    CHECK(market.count("dispatch.command") == 0);

    CHECK(market.ask(market.signed_by(market.renter(), id)).at("status") == "cancelled");
    const wire::Command by_operator{"by-operator", wire::Command::CancelJob{other, {}}};
    const auto answer = market.ask_as_operator(by_operator);
    CHECK(answer.at("reason") == "cancelled by the operator");
    CHECK(answer.contains("proof"));
}

TEST_CASE("a waiting job is ended, a completed one is not, and the refusal names its state") {
    Cancelling market;
    const auto wanted = market.spec(83);
    const JobId waiting = market.create_job(wanted);  // its spec is not known
    const JobId done = market.order(84);
    market.start_with_provider();
    market.wait_status(waiting, "awaiting_spec");
    CHECK(market.ask(market.signed_by(market.renter(), waiting)).at("status") == "cancelled");
    market.put_spec(wanted);  // arrives too late
    market.wait_status(done, "assigned");
    CHECK(market.job_column(waiting, "status") == "cancelled");

    market.run_to_completion(done, 1);
    const auto refused = market.ask(market.signed_by(market.renter(), done));
    CHECK(refused.at("status") == 409);
    CHECK(refused.at("code") == "illegal_transition");
    CHECK(refused.at("errors").at(0).at("code") == "job_completed");
    CHECK(market.job_column(done, "status") == "completed");
}

TEST_CASE("a job that waits for a draining provider is notified once, and again when the provider is back") {
    Cancelling market;
    const JobId waiting = market.order(85);
    market.start_with_provider({{"ACCEPT_TIMEOUT", "1h"}});
    market.wait_status(waiting, "assigned");
    const JobId done = market.order(86);
    market.wait_status(done, "assigned");
    market.run_to_completion(done, 1);
    std::vector<bool> events;
    std::mutex mutex;
    const auto feed =
        market.bus().subscribe("events.job." + waiting.hex(), "", [&](const bus::Message& message) {
            const auto event = json::parse(message.body);
            const std::lock_guard lock(mutex);
            // The event of the assignment itself may still come.
            if (const bool draining = event.at("data").at("provider_draining"); draining || !events.empty()) {
                events.push_back(draining && event.at("kind") == "job.assigned");
            }
        });
    const auto beat = [&](bool draining) {
        wire::ProviderNotice notice;
        notice.draining = draining;
        auto heartbeat = market.next_heartbeat();
        heartbeat.capacity = draining ? 0 : 1;
        heartbeat = wire::sign_heartbeat(heartbeat, market.domain(), market.provider());
        market.publish(
            wire::sign_notice(heartbeat, wire::to_json(notice), market.domain(), market.provider()));
    };
    const auto noted = [&](bool draining, std::int64_t times) {
        const auto* kind = draining ? "provider_draining" : "provider_back";
        return testkit::wait_until([&] {
            beat(draining);
            return market.entries(waiting, kind) == times;
        });
    };
    REQUIRE(noted(true, 1));
    const auto journal = market.count("dispatch.job_event");
    const auto seen = market.job_column(waiting, "updated_at");
    // The dispatcher looks at the notices several times meanwhile: a job ordered now is noted in the same
    // pass.
    const JobId later = market.order(87);
    REQUIRE(testkit::wait_until([&] {
        beat(true);
        return market.entries(later, "provider_draining") == 1;
    }));
    CHECK(market.entries(waiting, "provider_draining") == 1);
    CHECK(market.job_column(waiting, "updated_at") == seen);
    CHECK(market.count("dispatch.job_event") == journal + 3);  // created, assignable, provider_draining
    CHECK(market.entries(done, "provider_draining") == 0);
    CHECK(market.job_column(waiting, "status") == "assigned");

    REQUIRE(noted(false, 1));
    REQUIRE(noted(true, 2));
    market.require_row_is_fold_of_journal(waiting);
    CHECK(testkit::wait_until([&] {
        const std::lock_guard lock(mutex);
        return events == std::vector<bool>{true, false, true};
    }));
}
