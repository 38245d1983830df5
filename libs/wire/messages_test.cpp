#include "wire/messages.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::wire;

TEST_CASE("a status verifies under the provider's key, and no changed field does") {
    const auto signer =
        crypto::LocalSigner::from_hex("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6")
            .value();
    const auto domain =
        status_domain(ChainId{97}, Address::parse("0xd9264b533dd53198c7ae345c6afe8ef054303b53").value());
    JobStatus status;
    status.provider = signer->address();
    const auto signed_status = sign_status(status, domain, *signer);
    CHECK(verify_status(signed_status, domain));
    CHECK(parse_status(to_json(signed_status)).value() == signed_status);
    JobStatus other = signed_status;
    other.seq = 2;
    CHECK(verify_status(other, domain).error().code == "invalid_signature");
}
