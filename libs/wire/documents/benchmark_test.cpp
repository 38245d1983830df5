#include "wire/documents/benchmark.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "testkit/process.hpp"
#include "wire/job_spec.hpp"
#include "wire/messages.hpp"

using namespace lamda;
using namespace lamda::wire;

namespace {

std::string sample() {
    std::ifstream in(testkit::source_dir() + "/proto/messages/benchmark.v1.sample.json");
    REQUIRE(in);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

const auto kDomain =
    market_domain(ChainId{97}, Address::parse("0xd9264b533dd53198c7ae345c6afe8ef054303b53").value());

}  // namespace

TEST_CASE("a benchmark signed by another implementation verifies, and is made here byte for byte") {
    const auto theirs = parse_benchmark(sample());
    REQUIRE(theirs);
    CHECK(verify_benchmark(*theirs, kDomain));
    CHECK(to_json(*theirs) == canonicalize_json(sample()).value());
    const auto key =
        crypto::LocalSigner::from_hex("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6")
            .value();
    auto ours = *theirs;
    ours.signature.reset();
    CHECK(sign_benchmark(ours, kDomain, *key) == *theirs);
}

TEST_CASE("a benchmark does not verify after a change, for another market, or unsigned") {
    const auto good = parse_benchmark(sample()).value();
    auto changed = good;
    changed.result = R"({"gpus":[]})";
    CHECK(verify_benchmark(changed, kDomain).error().code == "invalid_signature");
    changed = good;
    changed.at += Millis(1);
    CHECK_FALSE(verify_benchmark(changed, kDomain));
    changed = good;
    changed.provider = Address();
    CHECK_FALSE(verify_benchmark(changed, kDomain));
    CHECK_FALSE(verify_benchmark(good, market_domain(ChainId{56}, kDomain.verifying_contract)));
    changed = good;
    changed.signature.reset();
    CHECK_FALSE(verify_benchmark(changed, kDomain));
}

TEST_CASE("a malformed benchmark is refused by its place") {
    const std::string head = R"({"v":1,"provider":"0x90f79bf6eb2c4f870365e785982e1f101e93b906",)"
                             R"("at":"2026-11-30T10:00:00.123Z","result":)";
    CHECK(parse_benchmark(head + "{}}"));
    CHECK(parse_benchmark(head + "[]}").error().where == "/result");
    CHECK(parse_benchmark(head + R"({"a":1.5}})").error().code == "not_representable");
    CHECK_FALSE(parse_benchmark(head + R"({},"signature":"0x12"})"));
    CHECK_FALSE(parse_benchmark(R"({"v":1,"result":{}})"));
    CHECK_FALSE(parse_benchmark("{}"));
}
