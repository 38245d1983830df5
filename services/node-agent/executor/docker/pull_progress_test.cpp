#include "services/node-agent/executor/docker/pull_progress.hpp"

#include <catch2/catch.hpp>

using namespace lamda::agent;

TEST_CASE("the progress of a pull is the sum of its layers; other lines are skipped") {
    PullProgress progress;
    for (const char* line :
         {R"({"status":"Pulling from library/busybox","id":"1.35"})",
          R"({"status":"Pulling fs layer","id":"a"})", R"({"status":"Already exists","id":"b"})",
          R"({"status":"Downloading","progressDetail":{"current":10,"total":100},"id":"a"})",
          R"({"status":"Downloading","progressDetail":{"current":5},"id":"c"})", "damaged",
          R"({"status":"Downloading","progressDetail":null,"id":"c"})", R"({"status":1,"id":2})"}) {
        progress.add(line);
    }
    CHECK(progress.layers() == 3);
    CHECK(progress.layers_done() == 1);
    CHECK(progress.bytes() == 15);
    CHECK(progress.total_bytes() == 105);
    progress.add(R"({"status":"Download complete","progressDetail":{},"id":"a"})");
    progress.add(R"({"status":"Extracting","progressDetail":{"current":1,"total":100},"id":"a"})");
    progress.add(R"({"status":"Pull complete","progressDetail":{},"id":"a"})");
    CHECK(progress.bytes() == 105);
    CHECK(progress.layers_done() == 2);
}
