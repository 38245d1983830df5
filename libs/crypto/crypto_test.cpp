#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "core/u256.hpp"
#include "crypto/address_text.hpp"
#include "crypto/digest.hpp"
#include "crypto/hmac.hpp"
#include "crypto/signer.hpp"

using namespace lamda;
using namespace lamda::crypto;

namespace {

const std::string kSecpOrder = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

std::unique_ptr<LocalSigner> signer(const std::string& hex) {
    return LocalSigner::from_hex(hex).value();
}

std::string key_one() {
    return std::string(63, '0') + "1";
}

}  // namespace

TEST_CASE("keccak256: the vectors of the Yellow Paper's empty string, of ABI selectors and of a long input") {
    CHECK(keccak256({}).hex() == "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    CHECK(keccak256(as_bytes("abc")).hex() ==
          "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    // https://docs.soliditylang.org/en/latest/abi-spec.html, "Examples"
    CHECK(to_hex(BytesView(keccak256(as_bytes("baz(uint32,bool)")).array()).first(4)) == "0xcdcd77c0");
    // ERC-20
    CHECK(keccak256(as_bytes("Transfer(address,address,uint256)")).hex() ==
          "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
}

TEST_CASE("sha256: FIPS 180-4, whole and in parts") {
    CHECK(sha256({}).hex() == "0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256(as_bytes("abc")).hex() ==
          "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const std::string a_million(1'000'000, 'a');
    Sha256 parts;
    for (std::size_t at = 0; at < a_million.size(); at += 4099) {
        parts.update(as_bytes(std::string_view(a_million).substr(at, 4099)));
    }
    Sha256 moved = std::move(parts);
    CHECK(moved.finish().hex() == "0xcdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sign: deterministic nonces as in RFC 6979, on the known secp256k1 vectors") {
    // https://bitcointalk.org/index.php?topic=285142.40 (key 1, SHA-256 of the text)
    const auto one = signer(key_one());
    CHECK(one->address().hex() == "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf");
    const auto satoshi = one->sign_digest(sha256(as_bytes("Satoshi Nakamoto")));
    CHECK(satoshi.r.hex() == "0x934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8");
    CHECK(satoshi.s.hex() == "0x2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5");
    const auto tears = one->sign_digest(
        sha256(as_bytes("All those moments will be lost in time, like tears in rain. Time to die...")));
    CHECK(tears.r.hex() == "0x8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b");
    CHECK(tears.s.hex() == "0x547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21");
    struct Vector {
        std::string key;
        std::string text;
        std::string r;
        std::string s;
    };
    const std::vector<Vector> vectors = {
        {kSecpOrder.substr(0, 63) + "0", "Satoshi Nakamoto",
         "0xfd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0",
         "0x6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5"},
        {"f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181", "Alan Turing",
         "0x7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c",
         "0x58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea"},
        {"e91671c46231f833a6406ccbea0e3e392c76c167bac1cb013f6f1013980455c2",
         // The text belongs to the published vector.
         "There is a computer disease that any"
         "body who works with computers knows about. It's a very serious "
         "disease and it interferes completely with the work. The trou"
         "ble with computers is that you 'play' "
         "with them!",
         "0xb552edd27580141f3b2a5463048cb7cd3e047b97c9f98076c32dbdf85a68718b",
         "0x279fa72dd19bfae05577e06c7c0c1900c371fcd5893f7e1d56a37d30174671f6"}};
    for (const Vector& vector : vectors) {
        INFO(vector.text);
        const auto made = signer(vector.key)->sign_digest(sha256(as_bytes(vector.text)));
        CHECK(made.r.hex() == vector.r);
        CHECK(made.s.hex() == vector.s);
    }
}

TEST_CASE("sign: the example of EIP-155") {
    std::string key;
    for (int i = 0; i < 32; ++i) {
        key += "46";
    }
    const auto account = signer("0x" + key);
    CHECK(account->address().hex() == "0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f");
    const auto digest =
        Bytes32::parse("0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53").value();
    const auto signature = account->sign_digest(digest);
    CHECK(signature.r.hex() == "0x28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276");
    CHECK(signature.s.hex() == "0x67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83");
    CHECK(signature.recovery_id == 0);
    CHECK(recover(digest, signature).value() == account->address());
}

TEST_CASE("recover: finds the signer of every signature, and no other address") {
    Bytes32 key = sha256(as_bytes("lamda"));
    for (int round = 0; round < 200; ++round) {
        const auto account = LocalSigner::from_bytes(key.view()).value();
        const Bytes32 digest = keccak256(key.view());
        const Signature signature = account->sign(key.view());
        REQUIRE(account->sign_digest(digest) == signature);
        REQUIRE(recover(digest, signature).value() == account->address());
        REQUIRE(Signature::from_bytes65(signature.bytes65()).value() == signature);
        REQUIRE(Signature::from_hex65(signature.hex65()).value() == signature);
        const auto other = recover(keccak256(digest.view()), signature);
        REQUIRE((!other || *other != account->address()));
        Signature flipped = signature;
        flipped.recovery_id ^= 1;
        const auto flip = recover(digest, flipped);
        REQUIRE((!flip || *flip != account->address()));
        key = digest;
    }
}

TEST_CASE("signatures: invalid ones are refused, with the reason") {
    const auto good = signer(key_one())->sign_digest(sha256(as_bytes("x")));
    auto bytes = good.bytes65();
    CHECK(bytes[64] == 27 + good.recovery_id);
    bytes[64] = good.recovery_id;
    CHECK(Signature::from_bytes65(bytes).value() == good);
    for (int v = 2; v < 256; ++v) {
        bytes[64] = static_cast<std::uint8_t>(v);
        CHECK(Signature::from_bytes65(bytes).ok() == (v == 27 || v == 28));
    }
    bytes[64] = 27;
    // n - s: the malleable form.
    const U256 order = u256_from_quantity("0x" + kSecpOrder).value();
    const auto high = to_be32(U256(order - *u256_from_be(good.s.view())));
    std::copy(high.begin(), high.end(), bytes.begin() + 32);
    CHECK(Signature::from_bytes65(bytes).error().message.find("EIP-2") != std::string::npos);
    Signature malleable = good;
    malleable.s = Bytes32(high);
    CHECK(recover(sha256(as_bytes("x")), malleable).error().code == "invalid_signature");
    CHECK(Signature::from_bytes65(Bytes(65)).error().code == "invalid_signature");
    CHECK(Signature::from_bytes65(Bytes(64)).error().code == "invalid_signature");
    CHECK(Signature::from_hex65(good.hex65().substr(2)).error().code == "invalid_signature");
    CHECK(Signature::from_hex65("0xzz").error().code == "invalid_signature");
    Signature too_large = good;
    too_large.r = Bytes32(to_be32(order));
    CHECK(recover(sha256(as_bytes("x")), too_large).error().code == "invalid_signature");
    too_large = good;
    too_large.recovery_id = 2;
    CHECK(recover(sha256(as_bytes("x")), too_large).error().code == "invalid_signature");
}

TEST_CASE("private keys: 1 to n-1, in hex, and never repeated in an error") {
    const std::string last = kSecpOrder.substr(0, 63) + "0";
    CHECK(LocalSigner::from_hex(last));
    CHECK(LocalSigner::from_hex("0x" + last).value()->address() ==
          LocalSigner::from_hex(last).value()->address());
    for (const std::string& bad :
         {kSecpOrder, std::string(64, '0'), std::string(64, 'f'), last.substr(1), last + "0",
          "0x0x" + last.substr(2), "0X" + last, std::string(63, '1') + "g", std::string()}) {
        INFO(bad);
        const auto refused = LocalSigner::from_hex(bad);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == "invalid_private_key");
        CHECK((bad.empty() || refused.error().message.find(bad) == std::string::npos));
    }
}

TEST_CASE("address_of_public_key: compressed, whole, and without its prefix; no other bytes") {
    // The generator of SEC 2, section 2.4.1: the public key of 1.
    const std::string x = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    const std::string y = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
    const std::string both = x + y;
    CHECK(to_hex_bare(signer(key_one())->public_key()) == both);
    for (const std::string& text : {both, "04" + both, "02" + x}) {
        INFO(text);
        CHECK(address_of_public_key(from_hex(text).value()).value() == signer(key_one())->address());
    }
    for (const std::string& text :
         {std::string(), x, "05" + both, x + x, "02" + x + "00", std::string(128, '0')}) {
        INFO(text);
        CHECK(address_of_public_key(from_hex(text).value()).error().code == "invalid_public_key");
    }
}

TEST_CASE("signing leaves no part of the key on the stack: libsecp256k1 wipes it") {
    std::array<std::uint8_t, 32> masked = sha256(as_bytes("a key")).array();
    const auto account = signer(to_hex_bare(masked));
    for (auto& byte : masked) {
        byte ^= 0xff;  // the test must not find its own copy
    }
    const auto left = [&] {
        // Reads through the kernel: the language does not allow access below the end of the stack.
        std::string below(64U << 10, '\0');
        const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
        const auto here = reinterpret_cast<std::uintptr_t>(&memory);
        const auto got = pread(memory, below.data(), below.size(), static_cast<off_t>(here - below.size()));
        close(memory);
        below.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        std::size_t found = 0;
        for (std::size_t at = 0; at + 8 <= below.size(); ++at) {
            for (std::size_t piece = 0; piece < 32; piece += 8) {
                bool forward = true;
                bool backward = true;
                for (std::size_t i = 0; i < 8; ++i) {
                    const auto byte = static_cast<std::uint8_t>(below[at + i]);
                    forward = forward && byte == static_cast<std::uint8_t>(masked[piece + i] ^ 0xff);
                    backward = backward && byte == static_cast<std::uint8_t>(masked[piece + 7 - i] ^ 0xff);
                }
                found += forward || backward ? 1 : 0;
            }
        }
        CHECK(below.size() == 64U << 10);
        return found;
    };
    left();  // from now on its own frames are the same each time
    for (int i = 0; i < 3; ++i) {
        account->sign(as_bytes("a message"));
        CHECK(left() == 0);
    }
}

TEST_CASE("parse_address: mixed case must carry the right checksum") {
    const std::string right = "0x90F79bf6EB2c4f870365E785982E1f101E93b906";
    const auto expected = Address::parse(right).value();
    CHECK(parse_address(right).value() == expected);
    CHECK(parse_address("0x90f79bf6eb2c4f870365e785982e1f101e93b906").value() == expected);
    CHECK(parse_address("0x90F79BF6EB2C4F870365E785982E1F101E93B906").value() == expected);
    CHECK(parse_address("0x" + std::string(40, '1')));
    CHECK(parse_address("0x90F79bf6EB2c4f870365E785982E1f101E93b960").error().code == "invalid_checksum");
    CHECK(parse_address("0x90F79bf6Eb2c4f870365E785982E1f101E93b906").error().code == "invalid_checksum");
    CHECK(parse_address(right.substr(2)).error().code == "invalid_address");
}

TEST_CASE("checksum_address: the vectors of EIP-55") {
    for (const char* address :
         {"0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
          "0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
          "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
          "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"}) {
        CHECK(checksum_address(Address::parse(address).value()) == address);
    }
}

TEST_CASE("HMAC-SHA256: vectors of RFC 4231") {
    CHECK(hmac_sha256(std::string(20, '\x0b'), "Hi There").hex() ==
          "0xb0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(hmac_sha256("Jefe", "what do ya want for nothing?").hex() ==
          "0x5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")
              .hex() == "0x60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("secrets are equal only if all bytes are") {
    CHECK(same_secret("token", "token"));
    CHECK_FALSE(same_secret("token", "tokem"));
    CHECK_FALSE(same_secret("token", "token "));
    CHECK_FALSE(same_secret("", "token"));
}
