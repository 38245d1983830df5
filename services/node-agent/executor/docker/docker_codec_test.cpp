#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "services/node-agent/executor/docker/docker_engine.hpp"
#include "services/node-agent/executor/job_logs.hpp"
#include "services/node-agent/testing/agent_scene.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;
using Json = nlohmann::json;

namespace {

std::string frame(char stream, const std::string& text) {
    std::string out = {stream, 0, 0, 0};
    for (int shift = 24; shift >= 0; shift -= 8) {
        out += static_cast<char>((text.size() >> shift) & 0xFF);
    }
    return out + text;
}

}  // namespace

TEST_CASE("a container is created isolated and with limits") {
    ContainerSpec spec;
    spec.name = "lamda-x-1";
    spec.image = "busybox";
    spec.command = {"sh", "-c", "true"};
    spec.env = {{"LANG", "C"}};
    spec.labels = {{"lamda.job", "0x1"}};
    spec.mounts = {{"/state/in:put", "/input", true}, {"/state/output", "/output", false}};
    spec.volumes = {{"/state/volumes/0", "/data", false}};
    spec.cpu_millis = 1'500;
    spec.memory_bytes = 64ULL << 20;
    spec.max_file_bytes = 1ULL << 20;
    const auto body = Json::parse(create_body(spec));
    CHECK(body.at("Image") == "busybox");
    CHECK(body.at("Cmd") == Json({"sh", "-c", "true"}));
    CHECK(body.at("Env") == Json::array({"LANG=C"}));
    const auto& host = body.at("HostConfig");
    CHECK(host.at("NetworkMode") == "none");
    CHECK(host.at("NanoCpus") == 1'500'000'000);
    CHECK(host.at("Memory") == 64 << 20);
    CHECK(host.at("MemorySwap") == 64 << 20);
    CHECK(host.at("CapDrop") == Json::array({"ALL"}));
    CHECK(host.at("SecurityOpt") == Json::array({"no-new-privileges"}));
    CHECK(host.at("PidsLimit") == 512);
    CHECK(host.at("Ulimits") == Json::parse(R"([{"Name":"fsize","Soft":1048576,"Hard":1048576}])"));
    CHECK(host.at("Mounts") ==
          Json::parse(R"([{"Type":"bind","Source":"/state/in:put","Target":"/input","ReadOnly":true},
                          {"Type":"bind","Source":"/state/output","Target":"/output","ReadOnly":false},
                          {"Type":"volume","Target":"/data","ReadOnly":false,"VolumeOptions":{"DriverConfig":
                           {"Name":"local","Options":{"type":"none","o":"bind","device":"/state/volumes/0"}}}}])"));
    CHECK(host.at("ShmSize") == 64 << 20);
    CHECK_FALSE(host.contains("DeviceRequests"));
    CHECK_FALSE(host.contains("Privileged"));
    CHECK_FALSE(host.contains("ReadonlyRootfs"));
    CHECK_FALSE(host.contains("Tmpfs"));
    spec.read_only_root = true;
    spec.tmp_bytes = 4096;
    const auto read_only = Json::parse(create_body(spec)).at("HostConfig");
    CHECK(read_only.at("ReadonlyRootfs") == true);
    CHECK(read_only.at("Tmpfs") == Json{{"/tmp", "rw,exec,nosuid,nodev,mode=1777,size=4096"}});
}

TEST_CASE("the image's command is the default; GPUs and a network are given only on request") {
    ContainerSpec spec;
    CHECK_FALSE(Json::parse(create_body(spec)).contains("Cmd"));
    spec.gpu_count = 2;
    spec.network = true;
    const auto body = Json::parse(create_body(spec));
    CHECK(body["HostConfig"]["DeviceRequests"] ==
          Json::parse(R"([{"Driver":"","Count":2,"Capabilities":[["gpu"]]}])"));
    CHECK(body["HostConfig"]["NetworkMode"] == "bridge");
    CHECK(body["NetworkDisabled"] == false);
}

TEST_CASE("a size limit of the container's file system is requested if the storage driver may support it") {
    ContainerSpec spec;
    CHECK_FALSE(Json::parse(create_body(spec))["HostConfig"].contains("StorageOpt"));
    spec.max_layer_bytes = 64 << 20;
    CHECK(Json::parse(create_body(spec))["HostConfig"]["StorageOpt"] ==
          Json::parse(R"({"size":"67108864"})"));
    CHECK(may_have_quota(R"({"Driver":"overlay2","DriverStatus":[["Backing Filesystem","xfs"],["X","y"]]})"));
    CHECK(may_have_quota(R"({"Driver":"zfs"})"));
    for (const auto* info : {R"({"Driver":"overlay2","DriverStatus":[["Backing Filesystem","extfs"]]})",
                             R"({"Driver":"overlay2"})", R"({"Driver":"vfs"})", R"({"Driver":"btrfs"})",
                             R"({"Driver":"overlay2","DriverStatus":"x"})", "{}", "[]", ""}) {
        INFO(info);
        CHECK_FALSE(may_have_quota(info));
    }
}

TEST_CASE("changes are counted for any split of the report and any path names") {
    const std::string report =
        R"([{"Path":"/a","Kind":1},{"Path":"/\"Kind\":1,\"Kind\":","Kind":0},{"Path":"/b\\","Kind":2}])";
    for (std::size_t step = 1; step <= report.size(); ++step) {
        ChangeCounter counter;
        for (std::size_t at = 0; at < report.size(); at += step) {
            counter.add(std::string_view(report).substr(at, step));
        }
        CHECK(counter.count() == 3);
    }
    ChangeCounter none;
    none.add("null\n");
    CHECK(none.count() == 0);
}

TEST_CASE("log frames are split into lines with stream and time") {
    const std::string at = "2026-11-20T10:00:00.123456789Z";
    const auto bytes = frame(1, at + " one two\n") + frame(2, at + " oops\n") + frame(1, "bare");
    const std::vector<LogLine> expected = {
        {"stdout", at, "one two\n"}, {"stderr", at, "oops\n"}, {"stdout", "", "bare"}};
    CHECK(parse_log_frames(bytes) == expected);
    // At any cut, only complete frames count.
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        const auto lines = parse_log_frames(std::string_view(bytes).substr(0, cut));
        CHECK(lines.size() < expected.size());
        CHECK(std::equal(lines.begin(), lines.end(), expected.begin()));
    }
}

TEST_CASE("times in any engine's form are converted to UTC with nanoseconds") {
    const auto time_in = [](const std::string& text) {
        const auto lines = parse_log_frames(frame(1, text + " line\n"));
        REQUIRE(lines.size() == 1);
        CHECK(lines[0].text == (lines[0].at.empty() ? text + " line\n" : "line\n"));
        return lines[0].at;
    };
    CHECK(time_in("2026-11-20T10:00:00Z") == "2026-11-20T10:00:00.000000000Z");
    CHECK(time_in("2026-11-20T10:00:00.5Z") == "2026-11-20T10:00:00.500000000Z");
    CHECK(time_in("2026-11-20T15:30:00+05:30") == "2026-11-20T10:00:00.000000000Z");
    CHECK(time_in("2026-11-20T05:00:00.123456789-05:00") == "2026-11-20T10:00:00.123456789Z");
    CHECK(time_in("2026-11-20") == "");
}

TEST_CASE("lines with equal timestamps are neither lost nor repeated") {
    const std::vector<LogLine> all = {{"stdout", "t1", "a"}, {"stdout", "t2", "b"}, {"stderr", "t2", "c"},
                                      {"stdout", "t2", "d"}, {"stdout", "t3", "e"}, {"stdout", "", "bare"}};
    LogProgress progress;
    std::string published;
    // Each request returns one line more, and all lines from the requested second on.
    for (std::size_t there = 1; there <= all.size(); ++there) {
        std::vector<LogLine> lines(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(there));
        drop_read(lines, progress.at);
        for (const auto& chunk : chunk_logs({job_id(1), 1}, lines, start_of_time(), progress)) {
            published += chunk.data;
        }
    }
    CHECK(published == "abcdebare");
}

TEST_CASE("the error in a pull's progress report is found in every engine's form") {
    CHECK(pull_error(R"({"status":"Pulling from x","id":"1"})").empty());
    CHECK(pull_error("").empty());
    CHECK(pull_error("not json").empty());
    CHECK(pull_error(R"({"errorDetail":{"message":"manifest unknown"},"error":"manifest unknown"})") ==
          "manifest unknown");
    CHECK(pull_error(R"({"progressDetail":{},"error":"a\nb"})") == "a b");
    CHECK(pull_error(R"({"errorDetail":{"code":401,"message":"denied"}})") == "denied");
    CHECK(pull_error(R"({"errorDetail":{"code":401}})") == R"({"code":401})");
}

TEST_CASE("a frame with a length beyond the data is dropped") {
    CHECK(parse_log_frames(std::string("\x01\0\0\0\xff\xff\xff\xffxy", 10)).empty());
}

TEST_CASE("a name without a tag is pulled as latest, not with all tags") {
    CHECK(pull_reference("busybox") == "busybox:latest");
    CHECK(pull_reference("localhost:5000/busybox") == "localhost:5000/busybox:latest");
    CHECK(pull_reference("localhost:5000/busybox:1") == "localhost:5000/busybox:1");
    CHECK(pull_reference("busybox@sha256:ab") == "busybox@sha256:ab");
}

TEST_CASE("published logs are bounded, end with a notice, and keep the streams apart") {
    LogProgress progress;
    const auto now = start_of_time();
    const AttemptKey key{job_id(1), 2};
    auto chunks = chunk_logs(key, {{"stdout", "t1", "a\n"}, {"stdout", "t2", "b\n"}, {"stderr", "t3", "c\n"}},
                             now, progress);
    REQUIRE(chunks.size() == 2);
    CHECK(chunks[0].data == "a\nb\n");
    CHECK(chunks[0].seq == 1);
    CHECK(chunks[0].attempt == 2);
    CHECK(chunks[1].stream == "stderr");
    CHECK(chunks[1].seq == 2);
    CHECK(progress.at.since == "t3");

    std::vector<LogLine> many(200, {"stdout", "t4", std::string(16'384, 'x')});
    std::size_t bytes = 0;
    chunks = chunk_logs(key, many, now, progress);
    for (const auto& chunk : chunks) {
        bytes += chunk.data.size();
        CHECK(chunk.data.size() <= 32'768);
    }
    CHECK(bytes < kMostLogBytes + 32'768);
    CHECK(chunks.back().data == "[the rest of the output is not published]\n");
    CHECK(chunk_logs(key, many, now, progress).empty());
}
