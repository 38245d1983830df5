// A bus that forgets what it acknowledged: its store restored from an older copy, in whole or in part, and a
// flipped byte. With a real server; the test acts as the agent.
#include <csignal>
#include <filesystem>
#include <mutex>

#include "integration/bus_loss_fixture.hpp"
#include "testkit/flip_bit.hpp"

using namespace lamda;
using namespace lamda::integration;
using wire::StatusKind;
namespace fs = std::filesystem;

namespace {

struct Forgetful : BusLoss {
    Forgetful() : BusLoss("bus_forgets") {}

    void keep_copy() {
        nats().stop();
        fs::copy(nats().store_dir(), copy_, fs::copy_options::recursive);
        nats().start();
        reconnect();
    }
    /// The whole store as it was.
    void put_copy_back() {
        fs::remove_all(nats().store_dir());
        fs::copy(copy_, nats().store_dir(), fs::copy_options::recursive);
    }
    /// Only the messages as they were: the durables' state is newer, as after a crash that kept it.
    void put_messages_back() {
        for (const auto& stream : {wire::kJobsStream, wire::kRetractStream, wire::kStatusStream}) {
            const auto messages = "/$G/streams/" + std::string(stream) + "/msgs";
            fs::remove_all(nats().store_dir() + messages);
            fs::copy(copy_ + messages, nats().store_dir() + messages, fs::copy_options::recursive);
        }
    }
    /// File with the stream's newest messages.
    std::string block_of(const std::string& stream) {
        fs::path out;
        for (const auto& entry :
             fs::directory_iterator(nats().store_dir() + "/$G/streams/" + stream + "/msgs")) {
            if (entry.path().extension() == ".blk" && entry.file_size() > 0 &&
                (out.empty() || entry.last_write_time() > fs::last_write_time(out))) {
                out = entry.path();
            }
        }
        REQUIRE_FALSE(out.empty());
        return out;
    }
    void reconnect() {
        REQUIRE(testkit::wait_until([&] { return bus().connected(); }));
        require_durables();
    }
    /// Waits until the server has acknowledged the assignments of that many jobs.
    void wait_published(int jobs) {
        REQUIRE(testkit::wait_until([&] {
            return count("dispatch.job WHERE work_state = 'assigned'") == jobs && count("bus.outbox") == 0;
        }));
    }
    /// Takes assignments until each job's has come.
    void take_all(std::set<JobId> jobs) {
        while (!jobs.empty()) {
            const auto assignment = take_assignment();
            CHECK(assignment.attempt == 1);
            jobs.erase(assignment.job_id);
        }
    }

  private:
    std::string copy_ = dir() + "/copy";
};

}  // namespace

TEST_CASE("assignments that a restored store forgot are sent again, with the same attempt") {
    Forgetful market;
    market.keep_copy();
    const bool dispatcher_is_away = GENERATE(false, true);
    std::set<JobId> jobs;
    for (std::uint8_t salt = 1; salt <= 3; ++salt) {
        jobs.insert(market.order(salt));
    }
    market.wait_published(3);
    if (dispatcher_is_away) {
        market.kill(kDispatcher);
    }
    market.nats().stop();
    market.put_copy_back();
    market.nats().start();
    if (dispatcher_is_away) {
        market.start_dispatcher();
    }
    market.reconnect();
    market.take_all(jobs);
    market.run_to_completion(*jobs.begin());
    market.require_ready();
    CHECK(testkit::wait_until(
        [&] { return market.metric(R"(lamda_bus_lost_total{stream="JOBS",what="messages"})") >= 1; }));
}

TEST_CASE(
    "messages that were cut back below the durables' positions are delivered, and so are the next ones") {
    Forgetful market;
    market.keep_copy();
    std::vector<JobId> done;
    for (std::uint8_t salt = 1; salt <= 3; ++salt) {
        done.push_back(market.order(salt));
    }
    for (const auto& id : done) {
        CHECK(market.take_assignment().attempt == 1);
        market.run_to_completion(id);
    }
    market.nats().stop();
    market.put_messages_back();
    market.nats().start();
    market.reconnect();
    // Their sequences lie below those that the durables have delivered.
    const JobId next = market.order(4);
    market.take_all({next});
    market.run_to_completion(next);
    const JobId last = market.order(5);
    market.take_all({last});
    market.run_to_completion(last);
    market.require_ready();
}

TEST_CASE("a byte that flips in STATUS costs its status only, which its agent sends again") {
    Forgetful market;
    const JobId id = market.order(1);
    market.take_all({id});
    market.service(kDispatcher).signal(SIGSTOP);
    market.publish(market.status(id, StatusKind::kAccepted, 1, 1));
    market.publish(market.status(id, StatusKind::kCompleted, 1, 2));
    market.nats().stop();
    const auto block = market.block_of(wire::kStatusStream);
    testkit::flip_bit(block, fs::file_size(block) - 60, 0);
    market.nats().start();
    market.service(kDispatcher).signal(SIGCONT);
    market.reconnect();
    CHECK(testkit::wait_until([&] {
        market.publish(market.status(id, StatusKind::kCompleted, 1, 2));
        return market.job_column(id, "status") == "completed";
    }));
    const JobId next = market.order(2);
    market.take_all({next});
    market.run_to_completion(next);
}

TEST_CASE("a queue whose newest record was damaged by a crash is emptied, and what it held comes again") {
    Forgetful market;
    const std::set<JobId> waiting{market.order(1), market.order(2)};
    market.wait_published(2);
    market.nats().kill();
    const auto block = market.block_of(wire::kJobsStream);
    testkit::flip_bit(block, fs::file_size(block) - 60, 0);
    market.nats().start();
    market.reconnect();
    const JobId next = market.order(3);
    // The agent does not fetch until the server reads from its files only.
    REQUIRE(testkit::wait_until([&] {
        market.heartbeat();
        return market.metric(R"(lamda_bus_lost_total{stream="JOBS",what="messages"})") >= 1;
    }));
    auto all = waiting;
    all.insert(next);
    market.take_all(all);
    market.run_to_completion(next);
    market.require_ready();
}

TEST_CASE("the dispatcher acknowledges a final status once it is recorded, and again when it is repeated") {
    Forgetful market;
    const JobId id = market.order(1);
    market.take_all({id});
    std::mutex mutex;
    std::vector<wire::StatusApplied> applied;
    const auto subscription = market.bus().subscribe(
        wire::applied_subject(market.provider().address()), "", [&](const bus::Message& message) {
            const std::lock_guard lock(mutex);
            applied.push_back(wire::parse_status_applied(message.body).value());
        });
    const auto count = [&] {
        const std::lock_guard lock(mutex);
        return applied.size();
    };
    market.publish(market.status(id, StatusKind::kAccepted, 1, 1));
    market.publish(market.status(id, StatusKind::kRunning, 1, 2));
    market.publish(market.status(id, StatusKind::kCompleted, 1, 3));
    REQUIRE(testkit::wait_until([&] { return count() == 1; }));
    CHECK(market.job_column(id, "status") == "completed");
    CHECK(applied[0] == wire::StatusApplied{id, 1, 3});
    // By another process: this one drops identical bytes for some seconds.
    market.kill(kDispatcher);
    market.start_dispatcher();
    market.require_ready();
    market.publish(market.status(id, StatusKind::kCompleted, 1, 3));
    CHECK(testkit::wait_until([&] { return count() == 2; }));
    CHECK(applied[1] == wire::StatusApplied{id, 1, 3});
}

TEST_CASE("an agent's report that a cancelled attempt has stopped ends the repeats of its retraction") {
    Forgetful market;
    const JobId id = market.order(1);
    market.take_all({id});
    market.publish(market.status(id, StatusKind::kRunning, 1, 1));
    market.wait_status(id, "running");
    wire::Command command;
    command.request_id = "cancel-1";
    command.what = wire::Command::SetStatus{id, "cancelled", "not wanted any more"};
    market.ask_as_operator(command);
    CHECK(market.take_retraction().job_id == id);
    // The agent works on: it has not received the retraction.
    market.publish(market.status(id, StatusKind::kRunning, 1, 2));
    CHECK(market.take_retraction().attempt == 1);
    auto stopped = market.status(id, StatusKind::kFailed, 1, 3);
    stopped.error_code = wire::ErrorCode::kRetracted;
    market.publish(stopped);
    CHECK(testkit::wait_until([&] {
        return market.count("dispatch.assignment WHERE state = 'done' AND retract_due_at IS NULL") == 1;
    }));
    CHECK(market.job_column(id, "status") == "cancelled");
}
