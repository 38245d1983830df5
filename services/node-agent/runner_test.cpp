// The runner among an engine and a store that fail as told, in a time that moves when told to.
#include "runner.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "crypto/digest.hpp"
#include "fake_world.hpp"
#include "test_support.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;
using wire::ErrorCode;
using wire::StatusKind;

namespace {

struct Agent {
    explicit Agent(RetryPolicy policy = {}) : retries(policy, clock) { restart(); }

    /// What a new process would have: the folder, and nothing else.
    void restart() {
        runner.reset();
        journal.emplace(dir.path() + "/journal", clock, telemetry::Log::none());
        RunnerConfig config;
        config.jobs_dir = dir.path() + "/jobs";
        config.provider = address(0xAA);
        config.max_input_bytes = 1 << 20;
        make_private_dir(config.jobs_dir);
        runner.emplace(config, *journal, statuses, retries, engine, content, bus, clock,
                       telemetry::Log::none(), metrics);
    }

    AttemptKey accept(wire::Assignment job) {
        const AttemptKey key{job.job_id, job.attempt};
        journal->update(job.job_id, [&](JobRecord& record) {
            enter(record, job, clock.now());
            statuses.add(record.attempts.at(job.attempt), StatusKind::kAccepted);
        });
        return key;
    }

    /// Serves whatever is due, second by second, for that long or until nothing is active.
    void pass(std::chrono::seconds time) {
        for (auto left = time; left.count() > 0 && !journal->active_attempts().empty();
             left -= std::chrono::seconds(1)) {
            while (runner->serve_one({})) {
            }
            clock.advance(Millis(1'000));
        }
        while (runner->serve_one({})) {
        }
    }

    std::optional<wire::JobStatus> last(const AttemptKey& key) {
        const auto attempt = journal->find(key);
        return attempt && attempt->final_status
                   ? std::optional(wire::parse_status(*attempt->final_status).value())
                   : std::nullopt;
    }
    std::string failure(const AttemptKey& key) {
        const auto status = last(key);
        return status && status->error_code ? std::string(wire::to_string(*status->error_code)) + ": " +
                                                  status->error_message.value_or("")
                                            : "none";
    }
    bool completed(const AttemptKey& key) {
        const auto status = last(key);
        return status && status->status == StatusKind::kCompleted;
    }

    testkit::TempDir dir{"agent-runner"};
    FakeClock clock{start_of_time()};
    FakeWorld world;
    std::unique_ptr<crypto::LocalSigner> signer =
        crypto::LocalSigner::from_hex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
            .value();
    StatusWriter statuses{*signer, address(0x11), clock};
    RetrySchedule retries;
    DockerEngine engine{"unix:///engine", world};
    ipfs::ContentStore content{{.api_url = "http://store", .gateways = {"http://gateway"}}, world};
    bus::Bus bus{"nats://127.0.0.1:1", "runner-test", telemetry::Log::none()};  // logs of jobs go nowhere
    telemetry::Metrics metrics;
    std::optional<Journal> journal;
    std::optional<Runner> runner;
};

FakeWorld::Answer report(const std::string& error) {
    return [error](const net::HttpRequest& request) {
        return FakeWorld::streamed(request, Json{{"error", error}}.dump());  // without a line's end
    };
}

constexpr auto kLimit = "toomanyrequests: You have reached your pull rate limit.";

}  // namespace

TEST_CASE("a registry that refuses for 40 s costs no attempt") {
    Agent agent;
    agent.world.image_there = false;
    const auto pull = std::exchange(agent.world.on_pull, report(kLimit));
    const auto key = agent.accept(assignment(1, 1));
    agent.pass(std::chrono::seconds(40));
    CHECK_FALSE(agent.last(key));
    CHECK(agent.world.pulls <= 7);  // the pauses grow
    agent.world.on_pull = pull;
    agent.pass(std::chrono::seconds(60));
    CHECK(agent.completed(key));
    CHECK(agent.world.starts == 1);
}

TEST_CASE("a registry that refuses for minutes ends the attempt, with its own words") {
    Agent agent;
    agent.world.image_there = false;
    agent.world.on_pull = report(kLimit);
    const auto key = agent.accept(assignment(1, 1));
    agent.pass(std::chrono::minutes(10));
    CHECK(agent.journal->active(key));
    agent.pass(std::chrono::minutes(10));
    CHECK(agent.failure(key) == "image_unavailable: " + std::string(kLimit));
}

TEST_CASE("what a registry denies is not asked for again in the same attempt, and its words are kept") {
    Agent agent;
    agent.world.image_there = false;
    agent.world.on_pull = report("manifest unknown");
    const auto key = agent.accept(assignment(1, 1));
    agent.pass(std::chrono::seconds(1));
    CHECK(agent.failure(key) == "image_unavailable: manifest unknown");
    CHECK(agent.world.pulls == 1);
}

TEST_CASE("what this engine can never give is refused at once") {
    Agent agent;
    auto job = assignment(1, 1);
    std::string because;
    SECTION("an impossible image name") {
        agent.world.image_there = false;
        agent.world.image_status = 400;
        agent.world.image_error = because = "invalid reference format";
    }
    SECTION("an image name that only a pull refuses") {
        agent.world.image_there = false;
        because = "repository name must be lowercase";
        agent.world.on_pull = [&](const auto& request) {
            request.on_data(as_bytes(Json{{"message", because}}.dump()));
            return net::HttpResponse{400, {}, ""};
        };
    }
    SECTION("memory") {
        job.requirements.memory_mib = 8'193;
        because = "8193 MiB";
    }
    SECTION("CPUs") {
        job.requirements.cpu_millis = 2'001;
        because = "2 CPUs";
    }
    SECTION("a network") {
        job.requirements.network = true;
        because = "network";
    }
    SECTION("a GPU") {
        job.requirements.gpu_count = 1;
        agent.world.start_error = because = "could not select device driver \"\" with capabilities: [[gpu]]";
    }
    SECTION("a GPU, of which the engine says nothing") {
        job.requirements.gpu_count = 1;
        agent.world.device_requests = nullptr;
        because = "gives none";
    }
    const auto key = agent.accept(job);
    agent.pass(std::chrono::seconds(1));
    CHECK(agent.failure(key).starts_with("refused: "));
    CHECK(agent.failure(key).find(because) != std::string::npos);
    CHECK(agent.world.starts == 0);
}

TEST_CASE("a store that is away for 50 s: one run, and its output is stored in the end") {
    Agent agent;
    const auto put =
        std::exchange(agent.world.on_put, [](const auto&) { return net::HttpResponse{503, {}, "away"}; });
    const auto key = agent.accept(assignment(1, 1));
    agent.pass(std::chrono::seconds(50));
    CHECK_FALSE(agent.last(key));
    CHECK(agent.world.puts > 1);

    SECTION("with the process that ran it") {}
    SECTION("with another process, which needs no engine for it") {
        agent.restart();
        agent.world.engine_away = true;
    }
    SECTION("also when its container is gone meanwhile") {
        agent.restart();
        agent.world.containers.clear();
    }
    agent.world.on_put = put;
    agent.pass(std::chrono::seconds(60));
    CHECK(agent.completed(key));
    CHECK(agent.world.starts == 1);
}

TEST_CASE("a store that names a block otherwise for a while costs no run either") {
    Agent agent;
    const auto put = std::exchange(agent.world.on_put, [](const auto&) {
        return net::HttpResponse{200, {}, "{\"Key\":\"" + Cid(CidCodec::kRaw, {}).to_string() + "\"}\n"};
    });
    const auto key = agent.accept(assignment(1, 1));
    agent.pass(std::chrono::seconds(50));
    agent.world.on_put = put;
    agent.pass(std::chrono::seconds(60));
    CHECK(agent.completed(key));
    CHECK(agent.world.starts == 1);
}

TEST_CASE("an input whose sources are away, or send web pages, for 20 s costs no attempt") {
    Agent agent;
    const std::string input = "hello lamda\n";
    const Cid cid(CidCodec::kRaw, crypto::sha256(as_bytes(input)));
    bool away = true;
    agent.world.on_get = [&](const net::HttpRequest& request) {
        if (request.url.starts_with("http://gateway/")) {
            return net::HttpResponse{200, {}, "<html>Sign up to go on</html>"};
        }
        return away ? net::HttpResponse{504, {}, ""} : net::HttpResponse{200, {}, input};
    };
    auto job = assignment(1, 1);
    job.input_file_cid = cid.to_string();
    const auto key = agent.accept(job);
    agent.pass(std::chrono::seconds(20));
    CHECK(agent.journal->active(key));
    SECTION("then it comes") {
        away = false;
        agent.pass(std::chrono::seconds(60));
        CHECK(agent.completed(key));
    }
    SECTION("it never comes") {
        agent.pass(std::chrono::minutes(20));
        CHECK(agent.failure(key).starts_with("input_unavailable: "));
        CHECK(agent.failure(key).find("sent other bytes") != std::string::npos);
    }
}

TEST_CASE("an input that bears its CID and is no tree of files is a mismatch at once") {
    Agent agent;
    const std::string block = "\1\2\3";
    agent.world.on_get = [&](const auto&) { return net::HttpResponse{200, {}, block}; };
    auto job = assignment(1, 1);
    job.input_file_cid = Cid(CidCodec::kDagPb, crypto::sha256(as_bytes(block))).to_string();
    const auto key = agent.accept(job);
    agent.pass(std::chrono::seconds(1));
    CHECK(agent.failure(key).starts_with("input_mismatch: "));
}

TEST_CASE("an attempt that waits holds no slot, and a retraction ends its waiting") {
    Agent agent;
    bool away = true;
    agent.world.on_get = [&](const auto&) { return net::HttpResponse{away ? 504 : 404, {}, ""}; };
    auto job = assignment(1, 1);
    job.input_file_cid = Cid(CidCodec::kRaw, {}).to_string();
    const auto waiting = agent.accept(job);
    REQUIRE(agent.runner->serve_one({}));
    CHECK(agent.retries.occupied(agent.journal->active_attempts(), 1) == 0);
    const auto other = agent.accept(assignment(2, 1));
    REQUIRE(agent.runner->serve_one({}));  // by the same slot, with no time gone by
    CHECK(agent.completed(other));
    CHECK_FALSE(agent.runner->serve_one({}));

    const auto asked = agent.world.gets;
    agent.journal->update(job.job_id, [&](JobRecord& record) {
        enter(record, wire::Retraction{job.job_id, 1, wire::RetractReason::kCancelled});
    });
    agent.pass(std::chrono::minutes(30));
    CHECK(agent.world.gets == asked);
    CHECK_FALSE(agent.last(waiting));
}

TEST_CASE("without an engine outputs are stored all the same, and what needs it waits as long as it takes") {
    Agent agent;
    agent.world.on_put = [](const auto&) { return net::HttpResponse{503, {}, ""}; };
    const auto stored_later = agent.accept(assignment(2, 1));
    agent.pass(std::chrono::seconds(1));
    agent.world.engine_away = true;
    const auto needs_engine = agent.accept(assignment(1, 1));
    agent.world.on_put = FakeWorld().on_put;
    agent.pass(std::chrono::minutes(60));
    CHECK(agent.completed(stored_later));
    CHECK(agent.journal->active(needs_engine));
    agent.world.engine_away = false;
    agent.pass(std::chrono::minutes(2));
    CHECK(agent.completed(needs_engine));
}

TEST_CASE("a retraction, or the end of the process, interrupts a pull that hangs") {
    Agent agent;
    agent.world.image_there = false;
    std::atomic<bool> began = false;
    agent.world.on_pull = [&](const net::HttpRequest& request) -> net::HttpResponse {
        began = true;
        while (!request.stop.stop_requested()) {
            std::this_thread::yield();
        }
        throw net::TransportError(net::TransportError::Kind::kCancelled, "stopped");
    };
    const auto key = agent.accept(assignment(1, 1));
    std::jthread interrupts([&](const std::stop_token& stop) { agent.runner->interrupt_void(stop); });
    std::atomic<bool> returned = false;
    std::jthread slot([&](const std::stop_token& stop) {
        agent.runner->serve_one(stop);
        returned = true;
    });
    REQUIRE(testkit::wait_until([&] { return began.load(); }));
    bool retracted = false;
    SECTION("a retraction") {
        retracted = true;
        agent.journal->update(key.job, [&](JobRecord& record) {
            enter(record, wire::Retraction{key.job, 1, wire::RetractReason::kCancelled});
        });
    }
    SECTION("the end of the process") {
        slot.request_stop();
    }
    CHECK(testkit::wait_until([&] { return returned.load(); }));
    slot.request_stop();
    CHECK(agent.journal->active(key) != retracted);
    CHECK_FALSE(agent.last(key));
    CHECK_FALSE(agent.retries.waiting(key));
}
