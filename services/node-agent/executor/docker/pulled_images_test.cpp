#include "services/node-agent/executor/docker/pulled_images.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::agent;

namespace {
std::string id(char digit) {
    return "sha256:" + std::string(64, digit);
}
}  // namespace

TEST_CASE("pulled images are known after a restart; a damaged line only loses its image") {
    const testkit::TempDir dir("agent-pulled");
    const auto path = dir.path() + "/pulled-images";
    {
        PulledImages images(path, telemetry::Log::none());
        CHECK_FALSE(images.contains(id('a')));
        images.add(id('a'));
        images.add(id('b'));
        CHECK(images.contains(id('a')));
    }
    std::ofstream(path, std::ios::app) << "\1\2\nlamda/busybox:1.35\n";
    PulledImages images(path, telemetry::Log::none());
    CHECK(images.contains(id('a')));
    CHECK(images.contains(id('b')));
    CHECK_FALSE(images.contains("lamda/busybox:1.35"));
    CHECK_FALSE(images.contains(""));
}
