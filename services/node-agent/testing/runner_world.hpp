// Runner with a fake engine, a fake store and a fake clock, for tests.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "crypto/signer.hpp"
#include "ipfs/content_store.hpp"
#include "services/node-agent/executor/docker/docker_executor.hpp"
#include "services/node-agent/executor/runner.hpp"
#include "services/node-agent/testing/agent_scene.hpp"
#include "services/node-agent/testing/fake_world.hpp"
#include "testkit/memory_dir.hpp"
#include "testkit/process.hpp"

namespace lamda::agent::test {

using wire::ErrorCode;
using wire::StatusKind;

using testkit::MemoryDir;

struct Agent {
    explicit Agent(RetryPolicy policy = {}, const std::string& pinata_jwt = "")
        : retries(policy, clock),
          content({.api_url = "http://store",
                   .gateways = {"http://gateway"},
                   .pinata_jwt = pinata_jwt,
                   .pinata_url = "http://pinata"},
                  world) {
        restart();
    }

    /// Simulates a new process: only the folder survives.
    void restart() {
        runner.reset();
        pulled.emplace(dir.path() + "/pulled-images", telemetry::Log::none());
        journal.emplace(dir.path() + "/journal", clock, telemetry::Log::none());
        DockerExecutorConfig docker;
        docker.jobs_dir = dir.path() + "/jobs";
        docker.provider = address(0xAA);
        docker.images = images;
        docker.retention = retention;
        docker.auth_file = auth_file;
        docker.runtime = runtime;
        docker.look_up = [this](const std::string& host) {
            looked_up = host;
            if (addresses.empty()) {
                throw std::runtime_error("no such host");
            }
            return addresses;
        };
        executor.emplace(docker, engine, *pulled, clock, telemetry::Log::none());
        RunnerConfig config;
        config.jobs_dir = docker.jobs_dir;
        config.provider = docker.provider;
        config.max_input_bytes = 1 << 20;
        config.limits = limits;
        make_private_dir(config.jobs_dir);
        runner.emplace(config, *journal, statuses, retries, other != nullptr ? *other : *executor, secrets,
                       content, bus, telemetry::Context{clock, telemetry::Log::none(), metrics, health});
    }

    AttemptKey accept(wire::Assignment job) {
        const AttemptKey key{job.job_id, job.attempt};
        journal->update(job.job_id, [&](JobRecord& record) {
            enter(record, job, clock.now());
            statuses.add(record.attempts.at(job.attempt), StatusKind::kAccepted);
        });
        return key;
    }

    /// Serves due attempts, second by second, for `time` or until no attempt is active.
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
    MemoryDir memory;
    SecretFiles secrets{*signer, memory.path};
    RetrySchedule retries;
    ImagePolicy images{.registries = {"docker.io"}, .private_registries = {}, .local_images = {}};
    ImageRetention retention;
    std::string auth_file;
    std::string runtime;
    Offer limits;
    std::vector<std::string> addresses{"1.1.1.1"};  ///< of every registry; empty: the lookup fails
    std::string looked_up;
    DockerEngine engine{"unix:///engine", world};
    Executor* other = nullptr;  ///< runs attempts instead of the engine, from the next restart on
    ipfs::ContentStore content;
    bus::Bus bus{"nats://127.0.0.1:1", "runner-test",
                 telemetry::Log::none()};  // not connected: job logs are dropped
    telemetry::Metrics metrics;
    telemetry::Health health;
    std::optional<PulledImages> pulled;
    std::optional<DockerExecutor> executor;
    std::optional<Journal> journal;
    std::optional<Runner> runner;
};

}  // namespace lamda::agent::test
