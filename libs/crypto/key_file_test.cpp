// Vectors: Web3 Secret Storage Definition, "Test vectors" (password "testpassword").
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "crypto/signer.hpp"

using namespace lamda;
using namespace lamda::crypto;
using nlohmann::json;

namespace {

const std::string kSecret = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";

const json kPbkdf2 = json::parse(R"({"crypto":{"cipher":"aes-128-ctr",
  "cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
  "ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2",
  "kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256",
    "salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
  "mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},
  "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3})");

const json kScrypt = json::parse(R"({"crypto":{"cipher":"aes-128-ctr",
  "cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},
  "ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c","kdf":"scrypt",
  "kdfparams":{"dklen":32,"n":262144,"p":8,"r":1,
    "salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},
  "mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},
  "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3})");

Error refusal(const json& file) {
    const auto opened = open_key_file(file.dump(), "testpassword");
    REQUIRE_FALSE(opened);
    return opened.error();
}

json with(const char* pointer, json value) {
    json file = kPbkdf2;
    file[json::json_pointer(pointer)] = std::move(value);
    return file;
}

}  // namespace

TEST_CASE("key file: PBKDF2 and scrypt vectors open with their password") {
    const Address expected = LocalSigner::from_hex(kSecret).value()->address();
    CHECK(open_key_file(kPbkdf2.dump(), "testpassword").value()->address() == expected);
    CHECK(open_key_file(kScrypt.dump(), "testpassword").value()->address() == expected);
    json named = kPbkdf2;
    named["address"] = to_hex_bare(expected.view());
    CHECK(open_key_file(named.dump(), "testpassword"));
}

TEST_CASE("key file: variants written by known tools are opened") {
    const auto made = [](const std::string& iv, const std::string& ciphertext, const std::string& mac) {
        return json{{"version", 3},
                    {"address", ""},
                    {"crypto",
                     {{"cipher", "aes-128-ctr"},
                      {"cipherparams", {{"iv", iv}}},
                      {"ciphertext", ciphertext},
                      {"kdf", "pbkdf2"},
                      {"kdfparams",
                       {{"c", 1024},
                        {"dklen", 32},
                        {"prf", "hmac-sha256"},
                        {"salt", "0707070707070707070707070707070707070707070707070707070707070707"}}},
                      {"mac", mac}}}}
            .dump();
    };
    const auto address_of = [](const std::string& hex) {
        return LocalSigner::from_hex(hex).value()->address();
    };
    const std::string key(64, '1');
    // go-ethereum until 2016 omitted the key's leading zero bytes, eth-keyfile omits those of the iv.
    const auto short_key = made("00112233445566778899aabbccddeeff",
                                "7a6464e51c47c6d27a57093fdbe3d6481852b9c9ced5d8da71cce7da6243",
                                "dd08efc5a6696f1f317a3be99a9782e44917c8d6829bb64e91fc024a4157ad1a");
    CHECK(open_key_file(short_key, "testpassword").value()->address() ==
          address_of("0000" + std::string(60, '1')));
    const auto short_iv = made("112233445566778899aabbccddeeff",
                               "7a6464e51c47c6d27a57093fdbe3d6481852b9c9ced5d8da71cce7da6243527c",
                               "fb5f6f7567d9c742032f9e0aa4000f526f88995102b815dca75db98d2892d623");
    CHECK(open_key_file(short_iv, "testpassword").value()->address() == address_of(key));
    // Encrypted under U+00E4 and U+00F6; typed with U+0061 U+0308 and U+006F U+0308.
    const auto composed = made("00112233445566778899aabbccddeeff",
                               "c6649ac17cef80d2b9633be39f19f63cc30117d956d9423f706527ddb3cc4317",
                               "2b11e67995a92c279d034c3bcddf47cf3c53b1831ce67d36bc39a8f58856fc3d");
    CHECK(open_key_file(composed, "p\xC3\xA4ssw\xC3\xB6rd").value()->address() == address_of(key));
    CHECK(open_key_file(composed, "pa\xCC\x88sswo\xCC\x88rd").value()->address() == address_of(key));
    CHECK(open_key_file(composed, "passwo\xCC\x88rd").error().code == "wrong_password");
    CHECK(open_key_file(composed, "\xFF\xFE").error().code == "wrong_password");
}

TEST_CASE("key file: a wrong password, and a file whose key has another address, are refused") {
    CHECK(open_key_file(kPbkdf2.dump(), "testpasswore").error().code == "wrong_password");
    CHECK(refusal(with("/crypto/mac", "00")).code == "wrong_password");
    const Error other = refusal(with("/address", std::string(40, '1')));
    CHECK(other.code == "invalid_key_file");
    CHECK(other.where == "/address");
}

TEST_CASE("key file: a malformed file is refused with the place of the error") {
    CHECK(open_key_file("", "x").error().code == "invalid_key_file");
    CHECK(open_key_file("[]", "x").error().code == "invalid_key_file");
    CHECK(open_key_file("{}", "x").error().code == "invalid_key_file");
    const std::vector<std::pair<const char*, json>> faults = {
        {"/version", 1},
        {"/version", "3"},
        {"/crypto/cipher", "aes-256-gcm"},
        {"/crypto/cipherparams/iv", "00"},
        {"/crypto/ciphertext", "00"},
        {"/crypto/ciphertext", "xx"},
        {"/crypto/kdf", "argon2"},
        {"/crypto/kdfparams/prf", "hmac-sha512"},
        {"/crypto/kdfparams/dklen", 16},
        {"/crypto/kdfparams/dklen", 1'000'000},
        {"/crypto/kdfparams/c", 0},
        {"/crypto/kdfparams/c", -5},
        {"/crypto/kdfparams/c", 4'000'000'000},
        {"/crypto/kdfparams/salt", 7},
    };
    for (const auto& [where, value] : faults) {
        INFO(where << " = " << value);
        const Error error = refusal(with(where, value));
        CHECK(error.code == "invalid_key_file");
        CHECK(error.where == where);
    }
    json greedy = kScrypt;
    greedy["crypto"]["kdfparams"]["n"] = 1 << 22;
    greedy["crypto"]["kdfparams"]["r"] = 64;
    CHECK(refusal(greedy).message.find("1 GiB") != std::string::npos);
    json odd = kScrypt;
    odd["crypto"]["kdfparams"]["n"] = 1000;
    CHECK(refusal(odd).where == "/crypto/kdfparams/n");
}
