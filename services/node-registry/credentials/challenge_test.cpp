#include "services/node-registry/credentials/challenge.hpp"

#include <catch2/catch.hpp>

#include "natsauth/deployment.hpp"
#include "wire/messages.hpp"

using namespace lamda;
using namespace lamda::registry;

namespace {

Address address(std::uint8_t n) {
    Address out;
    out.array()[19] = n;
    return out;
}

const auto kDomain = wire::market_domain(ChainId{97}, address(9));
const Timestamp kNow = from_unix_seconds(1'800'000'000);

}  // namespace

TEST_CASE("a challenge is valid for its provider, NKey, expiry, generation and market only, and in time") {
    const auto deployment = natsauth::make_deployment(kNow);
    const Challenges challenges(deployment.issuer);
    const auto made = challenges.make(address(1), "UA", kDomain, 3, kNow);
    CHECK(made.expires_at == 1'800'000'120);
    const auto code = [&](const wire::AgentCredentials& message, const eth::Eip712Domain& domain,
                          std::uint64_t generation, Timestamp now) {
        const auto verified = challenges.verify(message, domain, generation, now);
        return verified ? std::string() : verified.error().code;
    };
    CHECK(code(made, kDomain, 3, kNow).empty());
    CHECK(code(made, kDomain, 3, kNow + kChallengeLifetime).empty());
    CHECK(code(made, kDomain, 3, kNow + kChallengeLifetime + Millis(1'000)) == "challenge_expired");
    CHECK(code(made, kDomain, 4, kNow) == "invalid_challenge");
    CHECK(code(made, wire::market_domain(ChainId{56}, address(9)), 3, kNow) == "invalid_challenge");
    CHECK(code(made, wire::market_domain(ChainId{97}, address(8)), 3, kNow) == "invalid_challenge");
    auto changed = made;
    changed.provider = address(2);
    CHECK(code(changed, kDomain, 3, kNow) == "invalid_challenge");
    changed = made;
    changed.nkey = "UB";
    CHECK(code(changed, kDomain, 3, kNow) == "invalid_challenge");
    changed = made;
    changed.expires_at += 3'600;
    CHECK(code(changed, kDomain, 3, kNow) == "invalid_challenge");
    changed = made;
    changed.nonce.array()[0] ^= 1;
    CHECK(code(changed, kDomain, 3, kNow) == "invalid_challenge");
}

TEST_CASE("instances with the same keys accept each other's challenges; with other keys they do not") {
    const auto deployment = natsauth::make_deployment(kNow);
    const auto made = Challenges(deployment.issuer).make(address(1), "UA", kDomain, 0, kNow);
    CHECK(Challenges(deployment.issuer).verify(made, kDomain, 0, kNow));
    CHECK_FALSE(Challenges(natsauth::rotate(deployment, kNow).issuer).verify(made, kDomain, 0, kNow));
}
