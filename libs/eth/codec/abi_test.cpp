// Examples: https://docs.soliditylang.org/en/latest/abi-spec.html, "Examples" and "Use of Dynamic Types".
#include "eth/codec/abi.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <random>

using namespace lamda;
using namespace lamda::eth;
using abi::Decoder;
using abi::Encoder;

namespace {

std::string word(std::uint64_t value) {
    return to_hex_bare(to_be32(U256(value)));
}

template <class T>
void refused(const Result<T>& result, const std::string& where) {
    REQUIRE_FALSE(result);
    CHECK(result.error().code == "invalid_abi");
    CHECK(result.error().where == where);
}

Bytes hex(const std::string& text) {
    return from_hex(text).value();
}

}  // namespace

TEST_CASE("ABI: selectors and static arguments, baz(69, true)") {
    CHECK(to_hex(abi::selector("baz(uint32,bool)")) == "0xcdcd77c0");
    CHECK(to_hex(abi::selector("transfer(address,uint256)")) == "0xa9059cbb");
    const Bytes encoded = Encoder().uint(69).boolean(true).finish();
    CHECK(to_hex_bare(encoded) == word(0x45) + word(1));
    CHECK(Decoder(encoded).uint(0, 32).value() == 69);
    CHECK(Decoder(encoded).boolean(1).value());
}

TEST_CASE("ABI: dynamic arguments, sam(\"dave\", true, [1,2,3])") {
    CHECK(to_hex(abi::selector("sam(bytes,bool,uint256[])")) == "0xa5643bf2");
    const Encoder array = Encoder().uint(3).uint(1).uint(2).uint(3);
    const Bytes encoded = Encoder().bytes(as_bytes("dave")).boolean(true).dynamic_tuple(array).finish();
    CHECK(to_hex_bare(encoded) == word(0x60) + word(1) + word(0xa0) + word(4) + "64617665" +
                                      std::string(56, '0') + word(3) + word(1) + word(2) + word(3));
    CHECK(Decoder(encoded).string(0).value() == "dave");
    CHECK(Decoder(encoded).dynamic_tuple(2)->uint(3).value() == 3);
}

TEST_CASE("ABI: a struct with a string inside, as NodeReputation returns it") {
    // From ethers 6.15.0: AbiCoder.defaultAbiCoder().encode(["tuple(string,uint256,uint256,bool)",
    // "uint256"],
    //   [["NVIDIA RTX 4090", 24576, 1700000000, true], 42])
    const Encoder info = Encoder().string("NVIDIA RTX 4090").uint(24576).uint(1'700'000'000).boolean(true);
    const Bytes encoded = Encoder().dynamic_tuple(info).uint(42).finish();
    CHECK(to_hex_bare(encoded) == word(0x40) + word(42) + word(0x80) + word(24576) + word(1'700'000'000) +
                                      word(1) + word(15) +
                                      "4e564944494120525458203430393000"
                                      "00000000000000000000000000000000");
    const auto inner = Decoder(encoded).dynamic_tuple(0).value();
    CHECK(inner.string(0).value() == "NVIDIA RTX 4090");
    CHECK(inner.boolean(3).value());
    CHECK(Decoder(encoded).uint(1).value() == 42);
}

TEST_CASE("ABI: a value that does not fit its type or the data is refused, with the offset") {
    refused(Decoder({}).uint(0), "offset 0");
    refused(Decoder(Bytes(63)).uint(1), "offset 32");
    refused(Decoder(hex(word(256))).uint(0, 8), "offset 0");
    CHECK(Decoder(hex(word(255))).uint(0, 8).value() == 255);
    refused(Decoder(hex(word(2))).boolean(0), "offset 0");
    refused(Decoder(hex("01" + std::string(62, '0'))).boolean(0), "offset 0");
    refused(Decoder(hex("0000000000000000000000ff" + std::string(40, '1'))).address(0), "offset 0");
    // A string: position, length, content, padding, limit.
    refused(Decoder(hex(word(32))).string(0), "offset 32");
    refused(Decoder(hex(word(1) + word(0))).string(0), "offset 1");  // its length would be 2^248 and more
    refused(Decoder(hex(std::string(64, 'f') + word(0))).string(0), "offset 0");
    refused(Decoder(hex(word(32) + std::string(64, 'f'))).string(0), "offset 32");
    refused(Decoder(hex(word(32) + word(33) + word(0))).string(0), "offset 64");
    refused(Decoder(hex(word(32) + word(3) + "61626364" + std::string(56, '0'))).string(0), "offset 67");
    refused(Decoder(hex(word(32) + word(3) + "616263")).string(0), "offset 64");
    refused(Decoder(hex(word(32) + word(4) + "61626364" + std::string(56, '0'))).string(0, 3), "offset 32");
    CHECK(Decoder(hex(word(32) + word(4) + "61626364" + std::string(56, '0'))).string(0, 4).value() ==
          "abcd");
    refused(Decoder(hex(word(65))).dynamic_tuple(0), "offset 0");
}

TEST_CASE("ABI: decode(encode(x)) = x") {
    CHECK(rc::check([](std::array<std::uint8_t, 32> bytes, std::array<std::uint8_t, 20> account, bool flag,
                       const std::string& text, const Bytes& blob) {
        const U256 number = u256_from_be(bytes).value();
        const Bytes encoded = Encoder()
                                  .uint(number)
                                  .string(text)
                                  .address(Address(account))
                                  .boolean(flag)
                                  .dynamic_tuple(Encoder().bytes(blob).bytes32(Bytes32(bytes)))
                                  .finish();
        RC_ASSERT(encoded.size() % 32 == 0);
        const Decoder in(encoded);
        RC_ASSERT(in.uint(0).value() == number);
        RC_ASSERT(in.string(1).value() == text);
        RC_ASSERT(in.address(2).value() == Address(account));
        RC_ASSERT(in.boolean(3).value() == flag);
        const Decoder inner = in.dynamic_tuple(4).value();
        RC_ASSERT(inner.bytes(0).value() == blob);
        RC_ASSERT(inner.bytes32(1).value() == Bytes32(bytes));
    }));
}

TEST_CASE("ABI: decoding random bytes never reads past their end") {
    std::mt19937_64 random(20261120);
    std::size_t accepted = 0;
    for (int round = 0; round < 100'000; ++round) {
        Bytes bytes(random() % 160);
        for (auto& byte : bytes) {
            byte = static_cast<std::uint8_t>(random() % 8 == 0 ? random() : 0);
        }
        const Decoder in(bytes);
        for (std::size_t slot = 0; slot < 5; ++slot) {
            if (const auto text = in.string(slot)) {
                ++accepted;
                REQUIRE(text->size() <= bytes.size());
            }
            if (const auto tuple = in.dynamic_tuple(slot)) {
                (void)tuple->bytes(0);
                (void)tuple->address(1);
            }
        }
    }
    CHECK(accepted > 100);
}
