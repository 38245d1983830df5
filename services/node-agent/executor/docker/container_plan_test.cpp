#include "services/node-agent/executor/docker/container_plan.hpp"

#include <catch2/catch.hpp>

#include "services/node-agent/testing/agent_scene.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;

TEST_CASE("each volume of an image gets its own folder, which can be measured") {
    CHECK(volume_mounts({}, {}, "/v").empty());
    const std::vector<Mount> expected = {{"/v/0", "/data", false}, {"/v/1", "/var/lib/db", false}};
    CHECK(volume_mounts({"/var/lib/db", "/data"}, {}, "/v") == expected);
}

TEST_CASE("a path is mounted once, in whatever form it is declared") {
    const std::vector<Mount> ours = {{"/job/input", "/input", true}, {"/job/output", "/output", false}};
    const std::vector<Mount> expected = {{"/v/0", "/data", false}};
    CHECK(volume_mounts({"/data", "/data/", "/x/../data", "//data", "/./data"}, ours, "/v") == expected);
    CHECK(volume_mounts({"/output", "/output/", "/input/."}, ours, "/v").empty());
}

TEST_CASE("the container follows from the assignment and the inspected image") {
    auto job = assignment(1, 2);
    job.requirements.disk_mib = 8;
    job.requirements.memory_mib = 64;
    const Image image{"sha256:ab", {}, {"/data"}};
    const JobDirs dirs("/jobs/one");
    auto spec = plan_container(job, image, dirs);
    CHECK(spec.name == AttemptKey{job.job_id, 2}.container());
    CHECK(spec.image == "sha256:ab");
    CHECK(std::none_of(spec.mounts.begin(), spec.mounts.end(),
                       [](const Mount& mount) { return mount.target == "/run/secrets"; }));
    CHECK(spec.labels.at(kProviderLabel) == job.provider.hex());
    CHECK(spec.labels.at(kAttemptLabel) == "2");
    CHECK(spec.labels.at(kFolderLabel) == "/jobs/one");
    CHECK(spec.mounts == std::vector<Mount>{{"/jobs/one/output", "/output", false}});
    CHECK(spec.volumes == std::vector<Mount>{{"/jobs/one/volumes/0", "/data", false}});
    CHECK(spec.max_file_bytes == 8U << 20);
    CHECK(spec.memory_bytes == 64U << 20);
    CHECK_FALSE(spec.read_only_root);
    CHECK(spec.tmp_bytes == 0);
    job.input_file_cid = "bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pku";
    spec = plan_container(job, image, dirs);
    REQUIRE(spec.mounts.size() == 2);
    CHECK(spec.mounts[0] == Mount{"/jobs/one/input", "/input", true});
}

TEST_CASE("a read-only root has a tmpfs at /tmp instead of the image's volume there") {
    auto job = assignment(1, 1);
    job.requirements.memory_mib = 9;
    job.requirements.read_only_root = true;
    const auto spec = plan_container(job, {"sha256:ab", {}, {"/data", "/tmp/"}}, JobDirs("/jobs/one"));
    CHECK(spec.read_only_root);
    CHECK(spec.tmp_bytes == (9U << 20) / 2);
    CHECK(spec.volumes == std::vector<Mount>{{"/jobs/one/volumes/0", "/data", false}});
}
