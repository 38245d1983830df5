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
const Timestamp kNow = parse_rfc3339("2026-11-30T10:00:00.000Z").value();
}  // namespace

TEST_CASE("pulled images are known after a restart; a damaged line only loses its image") {
    const testkit::TempDir dir("agent-pulled");
    const auto path = dir.path() + "/pulled-images";
    {
        PulledImages images(path, telemetry::Log::none());
        CHECK_FALSE(images.contains(id('a')));
        images.add(id('a'), "a/a:1", true, kNow);
        images.add(id('b'), "b/b:1", true, kNow);
        CHECK(images.contains(id('a')));
    }
    std::ofstream(path, std::ios::app) << "\1\2\nlamda/busybox:1.35\n" << id('d') << " yesterday\n";
    PulledImages images(path, telemetry::Log::none());
    CHECK(images.contains(id('a')));
    CHECK(images.contains(id('b')));
    CHECK_FALSE(images.contains("lamda/busybox:1.35"));
    CHECK_FALSE(images.contains(""));
    CHECK_FALSE(images.contains(id('d')));
}

TEST_CASE(
    "uses and names of pulled images last; images that were there before, or listed by an earlier "
    "version, have no use") {
    const testkit::TempDir dir("agent-pulled");
    const auto path = dir.path() + "/pulled-images";
    std::ofstream(path) << id('e') << "\n";
    {
        PulledImages images(path, telemetry::Log::none());
        images.add(id('a'), "a/a:1", true, kNow);
        images.add(id('a'), "a/a:2", false, kNow);
        images.use(id('a'), kNow + std::chrono::hours(1));
        images.add(id('b'), "b/b:1", false, kNow);
        images.use(id('b'), kNow + std::chrono::hours(1));
        images.use(id('c'), kNow);
        images.add(id('e'), "e/e:1", true, kNow);
        images.add(id('f'), "f/f:1", true, kNow);
        images.forget(id('f'));
    }
    const auto all = PulledImages(path, telemetry::Log::none()).all();
    REQUIRE(all.size() == 3);
    CHECK(all[0].id == id('a'));
    CHECK(all[0].used_at == kNow + std::chrono::hours(1));
    CHECK(all[0].names == std::vector<std::string>{"a/a:1", "a/a:2"});
    CHECK((all[1].id == id('b') && !all[1].used_at));
    CHECK((all[2].id == id('e') && !all[2].used_at));
}
