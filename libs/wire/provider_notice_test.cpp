#include "wire/provider_notice.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::wire;

namespace {

ProviderPolicy a_policy() {
    ProviderPolicy out;
    out.price = {1, U256("340282366920938463463374607431768211455"), 3};
    out.max_time_seconds = 60;
    out.most = {.cpu_millis = 8'000, .memory_mib = {}, .disk_mib = 64, .gpus = 0};
    out.network = false;
    out.renters_allowed = {Address::parse("0x15d34aaf54267db7d7c367839aaf71a00a2c6a65").value()};
    out.renters_denied = {Address::parse("0x90f79bf6eb2c4f870365e785982e1f101e93b906").value()};
    out.images = {"docker.io/library/*"};
    out.registries = {"docker.io"};
    out.local_images = {"lamda/busybox:1.35"};
    return out;
}

}  // namespace

TEST_CASE("policies and notices round-trip, and absent fields restrict nothing") {
    CHECK(parse_policy(to_json(a_policy())).value() == a_policy());
    CHECK(parse_policy(to_json(ProviderPolicy{})).value() == ProviderPolicy{});
    CHECK(parse_policy("{}").value() == ProviderPolicy{});
    ProviderNotice notice;
    notice.policy = a_policy();
    notice.offered = ResourceLimits{.cpu_millis = 8'000, .memory_mib = 1'024, .disk_mib = {}, .gpus = {}};
    notice.free = ResourceLimits{.cpu_millis = 0, .memory_mib = 24, .disk_mib = {}, .gpus = {}};
    notice.draining = true;
    CHECK(parse_notice(to_json(notice)).value() == notice);
    CHECK(parse_notice(to_json(ProviderNotice{})).value() == ProviderNotice{});
    CHECK(parse_notice(R"({"later":[1.5]})").value() == ProviderNotice{});
}

TEST_CASE("a malformed policy is refused with the field's pointer") {
    for (const auto& [json, where] :
         {std::pair{R"({"price":{"cpuSecond":1}})", "/policy/price/cpuSecond"},
          {R"({"price":{"gpuSecond":"340282366920938463463374607431768211456"}})", "/policy/price/gpuSecond"},
          {R"({"maxTimeSeconds":0})", "/policy/maxTimeSeconds"},
          {R"({"most":{"gpus":-1}})", "/policy/most/gpus"},
          {R"({"network":"no"})", "/policy/network"},
          {R"({"rentersDenied":["0x12"]})", "/policy/rentersDenied"},
          {R"({"images":[1]})", "/policy/images/0"},
          {R"([])", "/policy"}}) {
        INFO(json);
        CHECK(parse_notice("{\"policy\":" + std::string(json) + "}").error().where == where);
    }
    CHECK_FALSE(parse_notice("[").ok());
}
