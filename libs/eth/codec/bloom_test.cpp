#include <catch2/catch.hpp>

#include "crypto/digest.hpp"
#include "eth/codec/types.hpp"

using namespace lamda;
using namespace lamda::eth;

TEST_CASE("Bloom: may contain each added item, does not contain other items") {
    Bloom bloom;
    CHECK_FALSE(bloom.may_contain(as_bytes("anything")));
    for (const char* item : {"testtest", "test", "hallo", "other"}) {
        bloom.add(as_bytes(item));
    }
    for (const char* item : {"testtest", "test", "hallo", "other"}) {
        CHECK(bloom.may_contain(as_bytes(item)));
    }
    CHECK_FALSE(bloom.may_contain(as_bytes("tes")));
    CHECK_FALSE(bloom.may_contain(as_bytes("lo")));
}

TEST_CASE("Bloom: the same bits as go-ethereum (core/types/bloom9_test.go, TestBloomExtensively)") {
    Bloom bloom;
    for (int i = 0; i < 100; ++i) {
        bloom.add(as_bytes("xxxxxxxxxx data " + std::to_string(i) + " yyyyyyyyyyyyyy"));
    }
    CHECK(crypto::keccak256(bloom.bits()).hex() ==
          "0xc8d3ca65cdb4874300a9e39475508f23ed6da09fdbc487f89a2dcf50b09eb263");
    CHECK(Bloom(bloom.bits()) == bloom);
}
