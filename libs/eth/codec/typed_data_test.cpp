#include "eth/codec/typed_data.hpp"

#include <catch2/catch.hpp>

#include "crypto/digest.hpp"
#include "crypto/signer.hpp"

using namespace lamda;
using namespace lamda::eth;

TEST_CASE("EIP-191: the digests that wallets sign") {
    // https://docs.ethers.org/v6/api/hashing/#hashMessage
    CHECK(personal_digest("Hello World").hex() ==
          "0xa1de988600a42c4b4ab089b619297c17d53cffae5d5120d82d8a92d0bb3b78f2");
    // https://web3js.readthedocs.io/en/v1.10.0/web3-eth-accounts.html#sign
    const auto signer =
        crypto::LocalSigner::from_hex("0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318")
            .value();
    const Bytes32 digest = personal_digest("Some data");
    CHECK(digest.hex() == "0x1da44b586eb0729ff70a73c326926f6ed5a25f5b056e7f47fbc6e58d86871655");
    CHECK(signer->sign(personal_message("Some data")).hex65() ==
          "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd6007e74cd82e037b800186422fc2da16"
          "7c747ef"
          "045e5d18a5f5d4300f8e1a0291c");
}

TEST_CASE("EIP-712: the example of the standard, Ether Mail") {
    const Eip712Domain domain{
        "Ether Mail", "1", {1}, Address::parse("0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC").value()};
    CHECK(domain_separator(domain).hex() ==
          "0xf2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f");

    const auto person = [](const char* name, const char* wallet) {
        return StructHasher("Person(string name,address wallet)")
            .add_string(name)
            .add(Address::parse(wallet).value())
            .hash();
    };
    const Bytes32 mail =
        StructHasher("Mail(Person from,Person to,string contents)Person(string name,address wallet)")
            .add(person("Cow", "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"))
            .add(person("Bob", "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"))
            .add_string("Hello, Bob!")
            .hash();
    CHECK(mail.hex() == "0xc52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e");

    const Bytes32 digest = crypto::keccak256(typed_data_message(domain, mail));
    CHECK(digest.hex() == "0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");

    const auto cow = crypto::LocalSigner::from_bytes(crypto::keccak256(as_bytes("cow")).view()).value();
    const crypto::Signature signature = cow->sign(typed_data_message(domain, mail));
    CHECK(signature.r.hex() == "0x4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d");
    CHECK(signature.s.hex() == "0x07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562");
    CHECK(signature.bytes65().back() == 28);
    CHECK(crypto::checksum_address(crypto::recover(digest, signature).value()) ==
          "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826");
}

TEST_CASE("EIP-712: numbers are encoded as words, negative numbers in two's complement") {
    const auto type = std::string("T(int64 n)");
    const auto word = [&](const std::string& hex) {
        return StructHasher(type).add(Bytes32::parse(hex).value()).hash();
    };
    CHECK(StructHasher(type).add_int(-1).hash() == word("0x" + std::string(64, 'f')));
    CHECK(StructHasher(type).add_int(258).hash() == word("0x" + std::string(60, '0') + "0102"));
    CHECK(StructHasher(type).add_int(-258).hash() == word("0x" + std::string(60, 'f') + "fefe"));
    CHECK(StructHasher(type).add_uint(258).hash() == StructHasher(type).add_int(258).hash());
}
