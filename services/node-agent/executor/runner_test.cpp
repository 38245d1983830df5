// Runner with a failing engine, registry and store, on a fake clock.
#include "services/node-agent/executor/runner.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "crypto/digest.hpp"
#include "services/node-agent/testing/runner_world.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;

namespace {

FakeWorld::Answer report(const std::string& error) {
    return [error](const net::HttpRequest& request) {
        return FakeWorld::streamed(request, Json{{"error", error}}.dump());  // without a newline
    };
}

constexpr auto kLimit = "toomanyrequests: You have reached your pull rate limit.";

}  // namespace

TEST_CASE("a registry that refuses for 40 s does not fail the attempt") {
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

TEST_CASE("a registry that refuses for minutes fails the attempt; its text is not published") {
    Agent agent;
    agent.world.image_there = false;
    agent.world.on_pull = report(kLimit);
    const auto key = agent.accept(assignment(1, 1));
    agent.pass(std::chrono::minutes(10));
    CHECK(agent.journal->active(key));
    agent.pass(std::chrono::minutes(10));
    CHECK(
        agent.failure(key) ==
        "image_unavailable: the image could not be pulled: the registry is unavailable, limits pulls, or cut "
        "the transfer");
}

TEST_CASE("a denied pull is not retried in the same attempt; the registry's text is not published") {
    Agent agent;
    agent.world.image_there = false;
    agent.world.on_pull = report("manifest unknown");
    const auto key = agent.accept(assignment(1, 1));
    agent.pass(std::chrono::seconds(1));
    CHECK(agent.failure(key) ==
          "image_unavailable: the registry has no such image, or requires a login for it");
    CHECK(agent.world.pulls == 1);
}

TEST_CASE("a job that this machine can never run is refused at once") {
    Agent agent;
    auto job = assignment(1, 1);
    std::string because;
    SECTION("an invalid image name") {
        agent.world.image_there = false;
        agent.world.image_status = 400;
        agent.world.image_error = "invalid reference format";
        because = "invalid image name";
    }
    SECTION("an image name that only the pull rejects") {
        agent.world.image_there = false;
        because = "invalid image name";
        agent.world.on_pull = [&](const auto& request) {
            request.on_data(as_bytes(Json{{"message", "repository name must be lowercase"}}.dump()));
            return net::HttpResponse{400, {}, ""};
        };
    }
    SECTION("memory") {
        job.requirements.memory_mib = 8'193;
        because = "memoryMib: the job requests 8193 MiB, this provider offers 8192";
    }
    SECTION("CPUs") {
        job.requirements.cpu_millis = 2'001;
        because = "cpuMillis: the job requests 2001, this provider offers 2000";
    }
    SECTION("disk") {
        job.requirements.disk_mib = 1'048'576;
        agent.limits.disk_mib = 64;
        agent.restart();
        because = "diskMib: the job requests 1048576 MiB, this provider offers 64";
    }
    SECTION("more GPUs than the provider offers to one job") {
        job.requirements.gpu_count = 2;
        agent.limits.gpus = 1;
        agent.restart();
        because = "gpuCount: the job requests 2, this provider offers 1";
    }
    SECTION("a network") {
        job.requirements.network = true;
        because = "network";
    }
    SECTION("a GPU") {
        job.requirements.gpu_count = 1;
        agent.world.start_error = "could not select device driver \"\" with capabilities: [[gpu]]";
        because = "GPUs";
    }
    SECTION("a command that the image lacks") {
        agent.world.start_error = "exec: \"nope\": executable file not found in $PATH: unknown";
        because = "lacks the command";
    }
    SECTION("a GPU that the engine silently ignores") {
        job.requirements.gpu_count = 1;
        agent.world.device_requests = nullptr;
        because = "none available";
    }
    SECTION("a read-only root file system that the engine silently ignores") {
        job.requirements.read_only_root = true;
        agent.world.read_only_root = false;
        because = "read-only root";
    }
    const auto key = agent.accept(job);
    agent.pass(std::chrono::seconds(1));
    CHECK(agent.failure(key).starts_with("refused: "));
    CHECK(agent.failure(key).find(because) != std::string::npos);
    CHECK(agent.world.starts == 0);
}

TEST_CASE("sources that are unavailable or send web pages for 20 s do not fail the attempt") {
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
    SECTION("the input arrives later") {
        away = false;
        agent.pass(std::chrono::seconds(60));
        CHECK(agent.completed(key));
    }
    SECTION("the input never arrives") {
        agent.pass(std::chrono::minutes(20));
        CHECK(agent.failure(key).starts_with("input_unavailable: "));
        CHECK(agent.failure(key).find("sent other bytes") != std::string::npos);
    }
}

TEST_CASE("an input that matches its CID but is not a file tree is a mismatch at once") {
    Agent agent;
    const std::string block = "\1\2\3";
    agent.world.on_get = [&](const auto&) { return net::HttpResponse{200, {}, block}; };
    auto job = assignment(1, 1);
    job.input_file_cid = Cid(CidCodec::kDagPb, crypto::sha256(as_bytes(block))).to_string();
    const auto key = agent.accept(job);
    agent.pass(std::chrono::seconds(1));
    CHECK(agent.failure(key).starts_with("input_mismatch: "));
}

TEST_CASE("a waiting attempt holds no slot, and a retraction ends the wait") {
    Agent agent;
    bool away = true;
    agent.world.on_get = [&](const auto&) { return net::HttpResponse{away ? 504 : 404, {}, ""}; };
    auto job = assignment(1, 1);
    job.input_file_cid = Cid(CidCodec::kRaw, {}).to_string();
    const auto waiting = agent.accept(job);
    REQUIRE(agent.runner->serve_one({}));
    CHECK(agent.retries.occupied(agent.journal->active_attempts(), 1) == 0);
    const auto other = agent.accept(assignment(2, 1));
    REQUIRE(agent.runner->serve_one({}));  // by the same slot, at the same time
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

TEST_CASE("a retraction, or the end of the process, interrupts a blocked pull") {
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

TEST_CASE("texts of the engine, a registry or a store are never published") {
    Agent agent;
    const std::string inside = "dial tcp 10.1.2.3:6379: ERR unknown command";
    auto job = assignment(1, 1);
    SECTION("a pull") {
        agent.world.image_there = false;
        agent.world.on_pull = report(inside);
    }
    SECTION("a pull that is denied") {
        agent.world.image_there = false;
        agent.world.on_pull = report("denied: pull access denied " + inside);
    }
    SECTION("a pull of an invalid name") {
        agent.world.image_there = false;
        agent.world.on_pull = report("invalid reference format " + inside);
    }
    SECTION("an image inspection") {
        agent.world.image_there = false;
        agent.world.image_status = 500;
        agent.world.image_error = inside;
    }
    SECTION("a start") {
        agent.world.start_error = inside;
    }
    SECTION("an impossible start") {
        agent.world.start_error = "exec: \"x\": executable file not found " + inside;
    }
    SECTION("a source of inputs") {
        agent.world.on_get = [&](const auto&) -> net::HttpResponse {
            throw net::TransportError(net::TransportError::Kind::kConnect, inside);
        };
        job.input_file_cid = Cid(CidCodec::kRaw, {}).to_string();
    }
    SECTION("a store") {
        agent.world.on_put = [&](const auto&) -> net::HttpResponse {
            throw net::TransportError(net::TransportError::Kind::kConnect, inside);
        };
    }
    const auto key = agent.accept(job);
    agent.pass(std::chrono::minutes(20));
    const auto failure = agent.failure(key);
    INFO(failure);
    REQUIRE(agent.last(key));
    CHECK(agent.last(key)->status == StatusKind::kFailed);
    CHECK(failure.find("10.1.2.3") == std::string::npos);
    CHECK(failure.find("ERR") == std::string::npos);
    CHECK(failure.find("http://") == std::string::npos);
}

TEST_CASE("the engine's size limit of a container's file system is used only if supported") {
    Agent agent;
    std::vector<bool> limited;
    bool quota = true;
    agent.world.on_create = [&](const net::HttpRequest& request) {
        limited.push_back(Json::parse(request.body)["HostConfig"].contains("StorageOpt"));
        return limited.back() && !quota
                   ? net::
                         HttpResponse{500,
                                      {},
                                      R"({"message":"--storage-opt is supported only for overlay over xfs with 'pquota' mount option"})"}
                   : net::HttpResponse{201, {}, "{}"};
    };
    const auto run = [&](std::uint8_t number) {
        const auto key = agent.accept(assignment(number, 1));
        agent.pass(std::chrono::seconds(1));
        CHECK(agent.completed(key));
    };
    agent.world.info = R"({"NCPU":2,"Driver":"overlay2","DriverStatus":[["Backing Filesystem","xfs"]]})";
    SECTION("supported") {
        run(1);
        run(2);
        CHECK(limited == std::vector<bool>{true, true});
    }
    SECTION("refused by the engine: requested once") {
        quota = false;
        run(1);
        run(2);
        CHECK(limited == std::vector<bool>{true, false, false});
    }
    SECTION("not supported by the storage driver") {
        agent.world.info = R"({"NCPU":2,"Driver":"vfs"})";
        run(1);
        CHECK(limited == std::vector<bool>{false});
    }
}
