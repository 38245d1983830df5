// Tests of POST /api/jobs/{id}/cancel on a real PostgreSQL and NATS, over a socket. The test is the
// dispatcher.
#include <catch2/catch.hpp>
#include <mutex>
#include <set>

#include "services/api-gateway/access/token_guard.hpp"
#include "services/api-gateway/testing/documented_api.hpp"
#include "wire/command_proof.hpp"
#include "wire/documents/cancellation.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

const net::Headers kOperator = {{"Authorization", "Bearer operator-token"}};

const std::string kRenterKey = "47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a";

/// Takes the gateway's commands, and cancels their jobs, or refuses.
struct Dispatcher {
    explicit Dispatcher(Gateway& gateway) : gateway_(gateway) {}

    std::string answer(const wire::Command& command) {
        if (!refusal.empty()) {
            return refusal;
        }
        if (cancels) {
            gateway_.database.transact([&](store::Txn& txn) {
                txn.exec(
                    "UPDATE dispatch.job SET work_state = 'cancelled', status = 'cancelled' WHERE id = $1",
                    {wire::job_of(command)});
            });
        }
        return json({{"v", 1},
                     {"requestId", command.request_id},
                     {"jobId", wire::job_of(command).hex()},
                     {"status", "cancelled"},
                     {"reason", "cancelled by its renter"},
                     {"escrow", {{"code", "held_no_refund"}, {"detail", "stays"}}}})
            .dump();
    }
    void take(const bus::Message& message) {
        const std::lock_guard lock(mutex_);
        const auto command = wire::parse_command(message.body).value();
        commands.push_back(command);
        const auto text = answer(command);
        gateway_.bus.respond(message,
                             command.proof ? wire::prove_answer(text, command, "operator-token") : text);
    }
    std::vector<wire::Command> taken() {
        const std::lock_guard lock(mutex_);
        return commands;
    }

    std::string refusal;  ///< set: the answer to every command
    bool cancels = true;
    std::vector<wire::Command> commands;

  private:
    Gateway& gateway_;
    std::mutex mutex_;
    bus::Subscription subscription_ = gateway_.bus.subscribe(
        wire::kJobsCommand, "dispatcher", [this](const bus::Message& message) { take(message); });
};

std::string path_of(unsigned n) {
    return "/api/jobs/" + id_of(n) + "/cancel";
}

json signed_body(unsigned n, const std::string& hex = kRenterKey) {
    const auto key = crypto::LocalSigner::from_hex(hex).value();
    const auto cancel = wire::sign_cancellation(bytes_of(n).as<JobId>(), 1'795'172'400,
                                                wire::market_domain(ChainId{97}, config().job_manager), *key);
    return {{"expires_at", cancel.by_renter->expires_at}, {"signature", cancel.by_renter->signature.hex65()}};
}

}  // namespace

TEST_CASE(
    "a renter's cancellation goes to the dispatcher with its signature, and the answer has the escrow") {
    Gateway gateway;
    gateway.add_job(1);
    gateway.add_job(2);
    const auto body = signed_body(1);
    CHECK(gateway.send("POST", path_of(1), body.dump()).status == 503);  // no dispatcher yet
    Dispatcher dispatcher(gateway);
    Answer first{};
    REQUIRE(testkit::wait_until([&] {
        first = gateway.send("POST", path_of(1), body.dump());
        return first.status == 200;
    }));
    CHECK(first.body == json({{"id", id_of(1)},
                              {"status", "cancelled"},
                              {"reason", "cancelled by its renter"},
                              {"escrow", {{"code", "held_no_refund"}, {"detail", "stays"}}}}));
    CHECK(keys_of(first.body) == Documented().properties.at("CancelledJob"));
    CHECK(keys_of(first.body["escrow"]) == Documented().properties.at("EscrowState"));
    CHECK(gateway.send("POST", path_of(1), body.dump()).body == first.body);
    CHECK(gateway.send("POST", path_of(2), signed_body(2).dump()).status == 200);

    const auto commands = dispatcher.taken();
    REQUIRE(commands.size() >= 3);
    std::set<std::string> ids_of_first;
    for (const auto& command : commands) {
        CHECK_FALSE(command.proof);
        const auto& cancel = std::get<wire::Command::CancelJob>(command.what);
        CHECK(cancel.by_renter->expires_at == 1'795'172'400);
        if (cancel.job_id == bytes_of(1).as<JobId>()) {
            CHECK(cancel.by_renter->signature.hex65() == body["signature"]);
            ids_of_first.insert(command.request_id);
        } else {
            CHECK_FALSE(ids_of_first.contains(command.request_id));
        }
    }
    CHECK(ids_of_first.size() == 1);  // the same signature is the same request
}

TEST_CASE("the operator cancels with the token, and with nothing else; wrong tokens are counted together") {
    Gateway gateway;
    gateway.add_job(1);
    Dispatcher dispatcher(gateway);
    REQUIRE(
        testkit::wait_until([&] { return gateway.send("POST", path_of(1), "", kOperator).status == 200; }));
    CHECK(gateway.send("POST", path_of(1), "{}", kOperator).status == 200);
    for (const auto& command : dispatcher.taken()) {
        CHECK_FALSE(std::get<wire::Command::CancelJob>(command.what).by_renter);
        CHECK(wire::verify_command(command, "operator-token", SystemClock().now()));
    }
    auto keyed = kOperator;
    keyed.emplace_back("Idempotency-Key", "a");
    CHECK(gateway.send("POST", path_of(1), "{}", keyed).status == 200);
    CHECK(gateway.send("POST", path_of(1), "", keyed).status == 200);
    const auto all = dispatcher.taken();
    CHECK(all.at(all.size() - 1).request_id == all.at(all.size() - 2).request_id);
    CHECK(all.at(all.size() - 2).request_id != all.at(all.size() - 3).request_id);
    const auto count = dispatcher.taken().size();
    // A signature in addition to the token is ambiguous: refused.
    CHECK(pointers_of(gateway.send("POST", path_of(1), signed_body(1).dump(), kOperator).body) ==
          std::set<std::string>{"/expires_at", "/signature"});
    net::Headers guess = {{"Authorization", "Bearer guess"}, {"X-Forwarded-For", "192.0.2.9"}};
    for (int i = 0; i < TokenGuard::kFreeTries; ++i) {
        CHECK(gateway.send("POST", path_of(1), "{}", guess).status == 401);
    }
    CHECK(gateway.send("PUT", "/api/jobs/" + id_of(1) + "/status", R"({"status":"failed"})", guess).status ==
          429);
    gateway.settings.operator_token = runtime::Secret();
    CHECK(gateway.send("POST", path_of(1), "{}", kOperator).status == 403);
    CHECK(dispatcher.taken().size() == count);
}

TEST_CASE("a signature that is not the renter's, or for another job, does not reach the dispatcher") {
    Gateway gateway;
    gateway.add_job(1);
    Dispatcher dispatcher(gateway);
    const std::string stranger = "47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926b";
    for (const auto& body : {signed_body(1, stranger), signed_body(2)}) {
        const auto refused = gateway.send("POST", path_of(1), body.dump());
        CHECK(refused.status == 403);
        CHECK(refused.body["code"] == "not_the_renter");
        CHECK(pointers_of(refused.body) == std::set<std::string>{"/signature"});
    }
    CHECK(dispatcher.taken().empty());
    REQUIRE(testkit::wait_until(
        [&] { return gateway.send("POST", path_of(1), signed_body(1).dump()).status == 200; }));
}

TEST_CASE("a malformed cancellation is refused with every place, and no command leaves") {
    Gateway gateway;
    gateway.add_job(1);
    Dispatcher dispatcher(gateway);
    const auto refused = [&](const std::string& body, int status = 400) {
        const auto answer = gateway.send("POST", path_of(1), body);
        INFO(body << " -> " << answer.body.dump());
        CHECK(answer.status == status);
        return pointers_of(answer.body);
    };
    using Places = std::set<std::string>;
    CHECK(refused("") == Places{"/expires_at", "/signature"});
    CHECK(refused("{}") == Places{"/expires_at", "/signature"});
    CHECK(refused(R"({"expires_at":"soon","signature":"0x12","why":""})") ==
          Places{"/expires_at", "/signature", "/why"});
    auto body = signed_body(1);
    for (const json& wrong : {json(0), json(-1), json("1795172400"), json(9007199254740992), json(nullptr)}) {
        body["expires_at"] = wrong;
        CHECK(refused(body.dump()) == Places{"/expires_at"});
    }
    refused("[]");
    refused("{");
    CHECK(gateway.send("POST", "/api/jobs/0x12/cancel", signed_body(1).dump()).status == 400);
    CHECK(gateway.send("POST", path_of(7), signed_body(7).dump()).status == 404);
    CHECK(gateway.send("GET", path_of(1)).status == 405);
    CHECK(dispatcher.taken().empty());
}

TEST_CASE("the dispatcher's refusal is passed on with REST's names, and a false answer is not believed") {
    Gateway gateway;
    gateway.add_job(1);
    Dispatcher dispatcher(gateway);
    const auto send = [&] { return gateway.send("POST", path_of(1), signed_body(1).dump()); };
    REQUIRE(testkit::wait_until([&] { return send().status == 200; }));
    dispatcher.refusal =
        R"({"status":403,"code":"expired","detail":"old","errors":[{"pointer":"/expiresAt","code":"expired","detail":"old"}]})";
    CHECK(send().status == 403);
    CHECK(pointers_of(send().body) == std::set<std::string>{"/expires_at"});
    dispatcher.refusal =
        R"({"status":409,"code":"illegal_transition","detail":"no","errors":[{"pointer":"{id}","code":"job_completed","detail":"no"}]})";
    const auto conflict = send();
    CHECK(conflict.status == 409);
    CHECK(conflict.body["code"] == "illegal_transition");
    CHECK(conflict.body["errors"][0]["code"] == "job_completed");
    dispatcher.refusal.clear();
    dispatcher.cancels = false;
    gateway.add_job(2);
    const auto forged = gateway.send("POST", path_of(2), signed_body(2).dump());
    CHECK(forged.status == 503);
    CHECK(forged.body["code"] == "answer_not_proven");
}
