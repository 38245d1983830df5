#include "services/node-agent/executor/docker/image_removal.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::agent;

namespace {

constexpr auto kHour = std::chrono::hours(1);
constexpr std::uint64_t kGib = 1ULL << 30;
const Timestamp kNow = parse_rfc3339("2026-11-30T10:00:00.000Z").value();

PulledImage pulled(const std::string& id, std::chrono::hours idle) {
    return {id, kNow - idle, {"a/" + id + ":1"}};
}
StoredImage stored(const std::string& id, std::uint64_t gib = 1) {
    return {gib * kGib, {"a/" + id + ":1"}};
}
using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("images that were not used for long are removed, the least recently used first") {
    const std::map<std::string, StoredImage> engine{
        {"a", stored("a")}, {"b", stored("b")}, {"c", stored("c")}};
    const std::vector<PulledImage> images{pulled("a", 5 * kHour), pulled("b", 9 * kHour), pulled("c", kHour)};
    CHECK(images_to_remove(images, engine, {}, {.keep = 5 * kHour}, kNow) == Ids{"b", "a"});
    CHECK(images_to_remove(images, engine, {}, {}, kNow).empty());
}

TEST_CASE("the size limit removes the least recently used images, and none that was used just now") {
    const std::map<std::string, StoredImage> engine{
        {"a", stored("a")}, {"b", stored("b", 2)}, {"c", stored("c", 4)}};
    const std::vector<PulledImage> images{pulled("a", 5 * kHour), pulled("b", 9 * kHour),
                                          pulled("c", 0 * kHour)};
    CHECK(images_to_remove(images, engine, {}, {.max_bytes = 7 * kGib}, kNow).empty());
    CHECK(images_to_remove(images, engine, {}, {.max_bytes = 6 * kGib}, kNow) == Ids{"b"});
    CHECK(images_to_remove(images, engine, {}, {.max_bytes = 1}, kNow) == Ids{"b", "a"});
    CHECK(images_to_remove(images, engine, {"b"}, {.max_bytes = 6 * kGib}, kNow) == Ids{"a"});
}

TEST_CASE("images of a container, of the operator, of an earlier version or not on the engine stay") {
    const ImageRetention all{.keep = Millis(1), .max_bytes = 1};
    const std::map<std::string, StoredImage> engine{{"a", stored("a")}, {"b", stored("b")}};
    CHECK(images_to_remove({pulled("a", kHour)}, engine, {"a"}, all, kNow).empty());
    CHECK(images_to_remove({pulled("absent", kHour)}, engine, {}, all, kNow).empty());
    CHECK(images_to_remove({{"a", {}, {"a/a:1"}}}, engine, {}, all, kNow).empty());
    const std::map<std::string, StoredImage> tagged{{"a", {kGib, {"a/a:1", "operator/tool:2"}}}};
    CHECK(images_to_remove({pulled("a", kHour)}, tagged, {}, all, kNow).empty());
    const std::map<std::string, StoredImage> moved{{"a", {kGib, {}}}};  // its tag is another image's by now
    CHECK(images_to_remove({pulled("a", kHour)}, moved, {}, all, kNow) == Ids{"a"});
}
