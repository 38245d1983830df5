// The node agent among real servers: execution of jobs.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "http/server.hpp"
#include "integration/agent_fixture.hpp"
#include "ipfs/unixfs.hpp"
#include "telemetry/metrics.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::agent_test;
using wire::ErrorCode;
using Env = Scenario::Env;
using wire::StatusKind;
namespace fs = std::filesystem;

TEST_CASE(
    "a job is run to its end: verified input, output CID of our own, signed statuses in order, logs, nothing "
    "left") {
    Scenario scenario(Env{}, false);
    scenario.make_durables(Millis(3'600'000));  // a redelivered assignment repeats statuses
    scenario.start();
    scenario.wait_ready();
    std::vector<std::string> chunks;
    std::mutex mutex;
    auto job = scenario.job(
        "wc -c < /input > /output/result; echo counted; echo oops >&2; echo $GREETING $LAMDA; id -u");
    const auto logs = Servers::get().bus.subscribe(
        wire::logs_subject(scenario.provider(), job.job_id), "", [&](const bus::Message& message) {
            const auto chunk = wire::parse_log_chunk(message.body).value();
            const std::lock_guard lock(mutex);
            chunks.push_back(chunk.stream + ":" + chunk.data);
        });
    job.env["GREETING"] = "hello";
    job.input_file_cid = scenario.store_input("hello lamda\n");
    scenario.assign(job);

    const auto done = scenario.wait_status(job, StatusKind::kCompleted);
    CHECK(done.exit_code == 0);
    CHECK(scenario.read_output(done.output_file_cid.value(), "result") == "12\n");
    // The same folder, built here, has the same CID.
    const auto folder = Servers::get().dir.path() + "/expected";
    fs::create_directories(folder);
    std::ofstream(folder + "/result") << "12\n";
    CHECK(done.output_file_cid == ipfs::add_path(folder).value().cid.to_string());

    std::vector<StatusKind> kinds;
    std::uint32_t seq = 0;
    Timestamp at{};
    for (const auto& status : scenario.statuses(job)) {
        CHECK(status.seq > seq);
        const bool changed = kinds.empty() || kinds.back() != status.status;
        // A step repeats its status every ten seconds, and a number in between is of an unsent repetition.
        const std::uint32_t repeated = status.seq - seq - (changed ? 1U : 0U);
        CHECK((repeated == 0 || (seq > 0 && status.at - at >= repeated * std::chrono::seconds(9))));
        if (changed) {
            kinds.push_back(status.status);
        }
        seq = status.seq;
        at = status.at;
    }
    CHECK(kinds == std::vector{StatusKind::kAccepted, StatusKind::kRunning, StatusKind::kCompleted});
    REQUIRE(done.receipt);
    CHECK(done.receipt->image_digest.starts_with("sha256:"));
    CHECK(done.receipt->input_file_cid == job.input_file_cid);
    CHECK(done.receipt->output_file_cid == done.output_file_cid);
    CHECK(done.receipt->started_at <= done.receipt->ended_at);

    CHECK(testkit::wait_until([&] {
        const std::lock_guard lock(mutex);
        return chunks.size() >= 2;
    }));
    const std::lock_guard lock(mutex);
    std::string out;
    for (const auto& chunk : chunks) {
        out += chunk;
    }
    CHECK(out.find("counted\n") != std::string::npos);
    CHECK(out.find("hello\n") != std::string::npos);
    CHECK(out.find("stderr:oops\n") != std::string::npos);
    CHECK(testkit::wait_until(
        [&] { return !scenario.container_exists(job) && !fs::exists(scenario.job_dir(job)); }));
}

TEST_CASE("a redelivered assignment runs once, and its recorded status is published again") {
    // Capacity for two: the redelivered message is handled while the job runs.
    Scenario scenario(Env{{"AGENT_CAPACITY", "2"}});
    scenario.start();
    const auto job = scenario.job(
        "cat /proc/sys/kernel/random/uuid > /output/result; while [ ! -e /output/go ]; do sleep 0.1; done; "
        "rm /output/go");
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kRunning);
    scenario.assign_again(job);
    REQUIRE(testkit::wait_until(
        [&] { return scenario.log().find("\"decision\":\"ignore\"") != std::string::npos; }));
    std::ofstream(scenario.output_dir(job) + "/go") << "";
    const auto done = scenario.wait_status(job, StatusKind::kCompleted);
    // The container is removed only after the bus has stored all statuses of the attempt.
    REQUIRE(testkit::wait_until([&] { return !scenario.container_exists(job); }));

    scenario.assign_again(job);
    const auto completed = [&] {
        auto found = scenario.statuses(job);
        std::erase_if(found, [](const auto& status) { return status.status != StatusKind::kCompleted; });
        return found;
    };
    REQUIRE(testkit::wait_until([&] { return completed().size() >= 2; }));
    for (const auto& status : completed()) {
        CHECK(status == done);
    }
    CHECK(scenario.starts(job) == 1);
}

TEST_CASE("each failure is reported with its code") {
    Scenario scenario(Env{{"AGENT_CAPACITY", "4"},
                          {"AGENT_MAX_INPUT_MIB", "1"},
                          {"AGENT_RETRY_FOR", "5s"},
                          {"AGENT_PRIVATE_REGISTRIES", "127.0.0.1:1"}});
    scenario.start();

    struct Case {
        const char* scenario;
        wire::Assignment job;
        ErrorCode expected;
    };
    std::vector<Case> cases;
    const auto add = [&](const char* what, wire::Assignment job, ErrorCode expected) {
        cases.push_back({what, std::move(job), expected});
    };
    add("exit code 3", scenario.job("exit 3"), ErrorCode::kExitNonzero);
    auto slow = scenario.job("sleep 3600");
    slow.requirements.time_limit_seconds = 1;
    add("longer than its time limit", slow, ErrorCode::kTimeout);
    auto hungry = scenario.job("x=a; while true; do x=$x$x; done");
    hungry.requirements.memory_mib = 16;
    add("more memory than allowed", hungry, ErrorCode::kOom);
    add("one file larger than allowed", scenario.job("dd if=/dev/zero of=/output/big bs=1M count=9"),
        ErrorCode::kOutputTooLarge);
    add("several files larger than allowed",
        scenario.job("for i in 1 2 3; do dd if=/dev/zero of=/output/$i bs=1M count=4; done; sleep 30"),
        ErrorCode::kOutputTooLarge);
    add("a link in the output", scenario.job("ln -s /etc/passwd /output/link"), ErrorCode::kRefused);
    add("folders deeper than can be stored",
        scenario.job("cd /output; for i in $(seq 40); do mkdir d; cd d; done"), ErrorCode::kRefused);
    add("a path longer than the provider's system takes",
        scenario.job("cd /output; d=$(printf '%0200d' 0); for i in $(seq 30); do mkdir $d && cd $d || break; "
                     "done; true"),
        ErrorCode::kRefused);
    auto no_image = scenario.job("true");
    no_image.docker_image = "127.0.0.1:1/absent:1";
    add("an image that no registry has", no_image, ErrorCode::kImageUnavailable);
    for (const auto* name : {"127.0.0.1:2/inside:1", "localhost/inside:1", "registry.example/inside:1"}) {
        auto inside = scenario.job("true");
        inside.docker_image = name;
        add(name, inside, ErrorCode::kRefused);
    }
    add(
        "a command that the image lacks",
        [&] {
            auto job = scenario.job("");
            job.command = {"/no/such/program"};
            return job;
        }(),
        ErrorCode::kRefused);
    auto gpu = scenario.job("true");
    gpu.requirements.gpu_count = 1;
    add("a GPU where there is none", gpu, ErrorCode::kRefused);
    auto greedy = scenario.job("true");
    greedy.requirements.memory_mib = 1'048'576;
    add("more memory than the machine has", greedy, ErrorCode::kRefused);
    auto wide = scenario.job("true");
    wide.requirements.cpu_millis = 256'000;
    add("more CPUs than the machine has", wide, ErrorCode::kRefused);
    for (const auto* name : {"Lamda/BusyBox:1.35", "busy box", "busybox@sha256:1234"}) {
        auto impossible = scenario.job("true");
        impossible.docker_image = name;
        add(name, impossible, ErrorCode::kRefused);
    }
    auto network = scenario.job("true");
    network.requirements.network = true;
    add("a network on an engine without a bridge", network, ErrorCode::kRefused);
    auto absent = scenario.job("true");
    absent.input_file_cid = Cid(CidCodec::kRaw, random_bytes32()).to_string();
    add("an input that no source has", absent, ErrorCode::kInputUnavailable);
    auto large = scenario.job("true");
    large.input_file_cid = scenario.store_input(std::string((1 << 20) + 1, 'x'));
    add("an input larger than this agent takes", large, ErrorCode::kRefused);

    for (const auto& one : cases) {
        scenario.assign(one.job);
    }
    for (const auto& one : cases) {
        INFO(one.scenario);
        std::cout << "  " << one.scenario << std::endl;
        const auto failed = scenario.wait_status(one.job, StatusKind::kFailed, Millis(60'000));
        INFO(failed.error_message.value_or(""));
        CHECK(wire::to_string(failed.error_code.value()) == wire::to_string(one.expected));
        CHECK_FALSE(failed.error_message.value_or("").empty());
        CHECK(failed.error_message.value_or("").find("/jobs/") == std::string::npos);  // no path of the host
        CHECK(failed.error_message.value_or("").find("engine answered") == std::string::npos);
        CHECK(failed.output_file_cid == std::nullopt);
    }
}

TEST_CASE(
    "wrong bytes of a gateway are detected: nothing runs, and the failure is not attributed to the input") {
    telemetry::Metrics metrics;
    const SystemClock clock;
    http::Server liar({}, clock, telemetry::Log::none(), metrics);
    liar.route("GET", "/ipfs/{cid}", [](const http::Request&) {
        return http::Response{200, "application/vnd.ipld.raw", "not what you asked for", {}};
    });
    const int port = liar.start();
    Scenario scenario(
        Env{{"IPFS_GATEWAY_URL", "http://127.0.0.1:" + std::to_string(port)}, {"AGENT_RETRY_FOR", "5s"}});
    scenario.start();
    auto job = scenario.job("cat /input > /output/result");
    // The content store does not have it either: the wrong bytes are the only answer.
    job.input_file_cid = Cid(CidCodec::kRaw, random_bytes32()).to_string();
    scenario.assign(job);
    const auto failed = scenario.wait_status(job, StatusKind::kFailed);
    CHECK(failed.error_code == ErrorCode::kInputUnavailable);
    CHECK(failed.error_message.value_or("").find("sent other bytes") != std::string::npos);
    CHECK(scenario.starts(job) == 0);

    SECTION("an honest second source is used instead") {
        auto second = scenario.job("cat /input > /output/result");
        second.input_file_cid = scenario.store_input("the truth\n");
        scenario.assign(second);
        const auto done = scenario.wait_status(second, StatusKind::kCompleted);
        CHECK(scenario.read_output(done.output_file_cid.value(), "result") == "the truth\n");
    }
}

TEST_CASE("a retraction stops the running attempt, and only a higher attempt runs after it") {
    Scenario scenario;
    scenario.start();
    auto job = scenario.job("sleep 3600");
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kRunning);
    REQUIRE(scenario.container_runs(job));
    scenario.retract(job, 1);
    CHECK(testkit::wait_until([&] { return !scenario.container_exists(job); }));
    CHECK(testkit::wait_until([&] { return !fs::exists(scenario.job_dir(job)); }));
    CHECK(scenario.wait_failure(job) == wire::ErrorCode::kRetracted);
    for (const auto& status : scenario.statuses(job)) {
        CHECK(status.status != StatusKind::kCompleted);
    }

    scenario.assign_again(job);  // void by the retraction
    auto second = job;
    second.attempt = 2;
    second.command = {"sh", "-c", "echo 2 > /output/result"};
    scenario.assign(second);
    scenario.wait_status(second, StatusKind::kCompleted);
    CHECK(scenario.starts(job) == 1);
    CHECK(scenario.starts(second) == 1);
}

TEST_CASE("a retraction before its assignment is stored, also across a restart") {
    Scenario scenario;
    scenario.start();
    auto job = scenario.job("true");
    scenario.retract(job, 1);
    CHECK(testkit::wait_until(
        [&] { return fs::exists(scenario.state_dir() + "/journal/" + job.job_id.hex() + ".json"); }));
    scenario.process().kill();
    scenario.start();
    scenario.assign(job);
    auto after = scenario.job("true");
    scenario.assign(after);
    scenario.wait_status(after, StatusKind::kCompleted);
    CHECK(scenario.wait_failure(job) == wire::ErrorCode::kRetracted);
    for (const auto& status : scenario.statuses(job)) {
        CHECK(status.error_code == wire::ErrorCode::kRetracted);
    }
    CHECK(scenario.starts(job) == 0);
}

TEST_CASE("a higher attempt overtakes a running one") {
    Scenario scenario(Env{{"AGENT_CAPACITY", "2"}});
    scenario.start();
    auto job = scenario.job("sleep 3600");
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kRunning);
    auto second = job;
    second.attempt = 2;
    second.command = {"sh", "-c", "true"};
    scenario.assign(second);
    scenario.wait_status(second, StatusKind::kCompleted);
    CHECK(testkit::wait_until([&] { return !scenario.container_exists(job); }));
}

TEST_CASE("jobs beyond the agent's capacity stay on the bus") {
    Scenario scenario;
    scenario.start();
    const auto first = scenario.job("while [ ! -e /output/go ]; do sleep 0.1; done; rm /output/go");
    const auto second = scenario.job("true");
    scenario.assign(first);
    scenario.wait_status(first, StatusKind::kRunning);
    scenario.assign(second);
    // Longer than the acknowledgement time of its durable: the message must not be fetched and lost in that
    // time.
    CHECK_FALSE(testkit::wait_until([&] { return !scenario.statuses(second).empty(); }, Millis(3'000)));
    std::ofstream(scenario.output_dir(first) + "/go") << "";
    scenario.wait_status(first, StatusKind::kCompleted);
    scenario.wait_status(second, StatusKind::kCompleted);
}

TEST_CASE("an agent that was down at the publish runs the job when it returns") {
    Scenario scenario;
    const auto job = scenario.job("echo back > /output/result");
    scenario.assign(job);
    scenario.assign_again(job);
    scenario.start();
    const auto done = scenario.wait_status(job, StatusKind::kCompleted);
    CHECK(scenario.read_output(done.output_file_cid.value(), "result") == "back\n");
    CHECK(scenario.starts(job) == 1);
}

TEST_CASE(
    "without its durables the agent waits, not ready and with the reason, and continues once they exist") {
    Scenario scenario(Env{}, false);
    scenario.start();
    CHECK(testkit::wait_until([&] { return scenario.ready_report().starts_with("503"); }));
    CHECK(testkit::wait_until([&] {
        const auto report = scenario.ready_report();
        return report.find("consumer " + wire::durable_of(scenario.provider())) != std::string::npos;
    }));
    scenario.make_durables();
    scenario.wait_ready();
    const auto job = scenario.job("true");
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kCompleted);
}
