// Containers of the node agent: isolation, and what they may write.
#include <catch2/catch.hpp>

#include "integration/agent_fixture.hpp"

using namespace lamda;
using namespace lamda::agent_test;
using wire::ErrorCode;
using Env = Scenario::Env;
using wire::StatusKind;

TEST_CASE("the container is isolated: read-only input, no network, no capabilities") {
    Scenario scenario;
    scenario.start();
    auto job = scenario.job(
        "(echo x >> /input) 2>/dev/null && echo input-written;"
        "ls /sys/class/net | grep -v '^lo$'; grep CapEff /proc/self/status; grep NoNewPrivs "
        "/proc/self/status; true");
    job.command = {"sh", "-c", "(" + job.command[2] + ") > /output/report"};
    job.input_file_cid = scenario.store_input("fixed\n");
    scenario.assign(job);
    const auto done = scenario.wait_status(job, StatusKind::kCompleted);
    CHECK(scenario.read_output(done.output_file_cid.value(), "report") ==
          "CapEff:\t0000000000000000\nNoNewPrivs:\t1\n");
}

TEST_CASE("a job that requests a read-only root can write to /output and /tmp only") {
    Scenario scenario(Env{{"AGENT_CAPACITY", "2"}});
    scenario.start();
    const auto read_only = [&](const std::string& shell) {
        auto job = scenario.job(shell);
        job.requirements.read_only_root = true;
        scenario.assign(job);
        return job;
    };
    const auto outside = read_only("echo x > /written");
    // Half of the job's memory is in /tmp; a program may run from there.
    const auto inside = read_only(
        "cp /bin/busybox /tmp/busybox && /tmp/busybox echo ran > /output/report || exit 1;"
        "for path in /written /bin/written /etc/hosts; do (echo x >> $path) 2>/dev/null && echo $path >> "
        "/output/report;"
        "done; i=0; while head -c 7340032 /dev/zero > /tmp/file$i; do i=$((i+1)); [ $i -lt 9 ] || break; "
        "done;"
        "echo $i >> /output/report; df -m /tmp | tail -n 1 | awk '{ print $2 }' >> /output/report");
    const auto failed = scenario.wait_status(outside, StatusKind::kFailed);
    CHECK(failed.error_code == ErrorCode::kExitNonzero);
    const auto done = scenario.wait_status(inside, StatusKind::kCompleted);
    CHECK(scenario.read_output(done.output_file_cid.value(), "report") == "ran\n4\n32\n");
}

TEST_CASE(
    "an output folder with more entries than one block holds is stored in shards, under the CID of `ipfs "
    "add`") {
    Scenario scenario;
    scenario.start();
    auto job = scenario.job("cd /output; i=0; while [ $i -lt 8000 ]; do echo -n x > f$i; i=$((i+1)); done");
    job.requirements.disk_mib = 64;
    scenario.assign(job);
    const auto done = scenario.wait_status(job, StatusKind::kCompleted);
    // tests/data/cid_vectors.json, large_directories: "short names".
    CHECK(done.output_file_cid == "bafybeigrhlduq54wnvleupkuln42v4ptonsvppqft2hgp6kn76alq5v5kq");
}
