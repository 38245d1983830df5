// Vectors: github.com/ethereum/tests, RLPTests/rlptest.json and RLPTests/invalidRLPTest.json.
#include "eth/codec/rlp.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <random>

using namespace lamda;
using namespace lamda::eth;
using rlp::Item;

namespace {

Item text(const std::string& value) {
    return rlp::string(as_bytes(value));
}

rc::Gen<Item> items(int depth) {
    auto leaf = rc::gen::map(rc::gen::container<Bytes>(rc::gen::arbitrary<std::uint8_t>()),
                             [](Bytes b) { return Item{b}; });
    if (depth == 0) {
        return leaf;
    }
    return rc::gen::oneOf(
        leaf, rc::gen::map(rc::gen::container<std::vector<Item>>(items(depth - 1)),
                           [](std::vector<Item> members) { return rlp::list(std::move(members)); }));
}

}  // namespace

TEST_CASE("RLP: the published vectors, both ways") {
    const Item empty_list = rlp::list({});
    const std::string lorem = "Lorem ipsum dolor sit amet, consectetur adipisicing elit";
    const U256 big = U256(1) << 255;
    const std::vector<std::pair<Item, std::string>> vectors = {
        {text(""), "0x80"},
        {text(std::string(1, '\0')), "0x00"},
        {text("\x01"), "0x01"},
        {text("\x7f"), "0x7f"},
        {text("dog"), "0x83646f67"},
        {text("Lorem ipsum dolor sit amet, consectetur adipisicing eli"),
         "0xb74c6f72656d20697073756d20646f6c6f722073697420616d65742c20636f6e736563746574757220616469706973696"
         "3696e672"
         "0656c69"},
        {text(lorem),
         "0xb8384c6f72656d20697073756d20646f6c6f722073697420616d65742c20636f6e7365637465747572206164697069736"
         "963696e"
         "6720656c6974"},
        {rlp::integer(0), "0x80"},
        {rlp::integer(1), "0x01"},
        {rlp::integer(127), "0x7f"},
        {rlp::integer(128), "0x8180"},
        {rlp::integer(1000), "0x8203e8"},
        {rlp::integer(1024), "0x820400"},
        {rlp::integer(100000), "0x830186a0"},
        {rlp::integer(big), "0xa08" + std::string(63, '0')},
        {empty_list, "0xc0"},
        {rlp::list({text("dog"), text("god"), text("cat")}), "0xcc83646f6783676f6483636174"},
        {rlp::list({text("cat"), text("dog")}), "0xc88363617483646f67"},
        {rlp::list({text("zw"), rlp::list({rlp::integer(4)}), rlp::integer(1)}), "0xc6827a77c10401"},
        {rlp::list({rlp::list({empty_list, empty_list}), empty_list}), "0xc4c2c0c0c0"},
        // The set-theoretical representation of three.
        {rlp::list({empty_list, rlp::list({empty_list}), rlp::list({empty_list, rlp::list({empty_list})})}),
         "0xc7c0c1c0c3c0c1c0"},
    };
    for (const auto& [item, hex] : vectors) {
        INFO(hex);
        CHECK(to_hex(rlp::encode(item)) == hex);
        CHECK(rlp::decode(*from_hex(hex)).value() == item);
    }
}

TEST_CASE("RLP: long lists and strings carry their length in several bytes") {
    const std::string thousand(1024, 'x');
    const Bytes encoded = rlp::encode(text(thousand));
    CHECK(to_hex(BytesView(encoded).first(4)) == "0xb9040078");
    CHECK(rlp::decode(encoded).value() == text(thousand));
    const Item many = rlp::list(std::vector<Item>(70'000, rlp::integer(7)));
    CHECK(to_hex(BytesView(rlp::encode(many)).first(5)) == "0xfa01117007");
    CHECK(rlp::decode(rlp::encode(many)).value() == many);
}

TEST_CASE("RLP: non-canonical, truncated and oversized input is refused, with the offset") {
    for (const char* hex : {
             "0x",                        // empty
             "0x8100",                    // a byte below 0x80 with a header
             "0x817f",                    //
             "0xb800",                    // a short length in long form
             "0xb83700",                  // the same, without content
             "0xb90040",                  // a leading zero in the length
             "0xbf0f000000000000021111",  // int32Overflow
             "0xff0f000000000000021111",  // int32Overflow2
             "0xbfffffffffffffffff",      // a length near 2^64
             "0xffffffffffffffffff",      //
             "0x83646f",                  // truncated
             "0xc883636174",              //
             "0xc28363",                  // a member longer than its list
             "0xc0c0",                    // two items
             "0x8000",                    // bytes after the item
             "0xf800",                    // incorrectLengthInArray
             "0xb8",                      // the length is missing
             "0xf90180",                  //
             "0xe5a0",                    //
         }) {
        INFO(hex);
        const auto decoded = rlp::decode(*from_hex(hex));
        REQUIRE_FALSE(decoded);
        CHECK(decoded.error().code == "invalid_rlp");
        CHECK(decoded.error().where.starts_with("offset "));
    }
    Bytes deep;
    for (int i = 0; i < 17; ++i) {
        deep = rlp::encode(
            rlp::list(deep.empty() ? std::vector<Item>{} : std::vector{rlp::decode(deep).value()}));
        if (i < 16) {
            REQUIRE(rlp::decode(deep));
        }
    }
    CHECK(rlp::decode(deep).error().message == "nested too deeply");
    // A megabyte of list headers neither overflows the stack nor is accepted.
    CHECK_FALSE(rlp::decode(Bytes(1'000'000, 0xf9)));
}

TEST_CASE("RLP: decode(encode(x)) = x") {
    CHECK(rc::check([] {
        const Item item = *items(3);
        RC_ASSERT(rlp::decode(rlp::encode(item)).value() == item);
    }));
}

TEST_CASE("RLP: random bytes are refused, or are the only encoding of the decoded item") {
    std::mt19937_64 random(20261120);
    std::size_t accepted = 0;
    for (int round = 0; round < 200'000; ++round) {
        Bytes bytes(random() % 24);
        for (auto& byte : bytes) {
            byte = static_cast<std::uint8_t>(random());
        }
        if (!bytes.empty() && round % 2 == 0) {
            bytes[0] = static_cast<std::uint8_t>(0xc0 + bytes.size() - 1);
        }
        if (const auto item = rlp::decode(bytes)) {
            ++accepted;
            REQUIRE(rlp::encode(*item) == bytes);
        }
    }
    CHECK(accepted > 1000);
}
