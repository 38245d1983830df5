#include "wallet/wallet.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>

#include "testkit/servers.hpp"
#include "testkit/signing_server.hpp"

using namespace lamda;
using namespace lamda::wallet;

namespace {

const WalletNames kNames{"W", "w", "a wallet's key"};
const std::string kKey = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
const std::string kOtherKey = std::string(63, '0') + "1";

// Web3 Secret Storage Definition, "Test vectors": the key above, password "testpassword", PBKDF2.
const std::string kKeyFile = R"({"crypto":{"cipher":"aes-128-ctr",
  "cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
  "ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2",
  "kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256",
    "salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
  "mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},
  "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3})";

std::string address_of(const std::string& key) {
    return crypto::LocalSigner::from_hex(key).value()->address().hex();
}

/// Settings by name, files and credentials in a folder, and the result of reading them.
struct Scene {
    using Values = std::map<std::string, std::string>;

    testkit::TempDir dir{"wallet"};
    Values values;
    std::string mistakes;  ///< `NAME: message`, one line each

    std::string file(const std::string& name, const std::string& text) const {
        const std::string path = dir.path() + "/" + name;
        std::ofstream(path, std::ios::binary) << text;
        std::filesystem::permissions(path, std::filesystem::perms(0600));
        return path;
    }
    Wallet read(Wallet (*how)(runtime::Settings&, const WalletNames&) = read_wallet) {
        runtime::Settings settings(
            [this](const std::string& name) -> std::optional<std::string> {
                const auto at = values.find(name);
                return at == values.end() ? std::nullopt : std::optional(at->second);
            },
            [this](const std::string& name) { values.erase(name); });
        auto wallet = how(settings, kNames);
        mistakes.clear();
        for (const auto& mistake : settings.mistakes()) {
            mistakes += mistake.name + ": " + mistake.message + "\n";
        }
        CHECK(mistakes.find(kKey) == std::string::npos);
        return wallet;
    }
    /// Expects one mistake, under this name.
    void check_refused(const std::string& name, const std::string& message) {
        const auto wallet = read();
        INFO(mistakes);
        CHECK(std::count(mistakes.begin(), mistakes.end(), '\n') == 1);
        CHECK_THAT(mistakes, Catch::StartsWith(name + ": ") && Catch::Contains(message));
    }
};

}  // namespace

TEST_CASE("a wallet's key comes from each of its sources") {
    const bool remote_too = GENERATE(false, true);
    Scene scene;
    std::string source;
    SECTION("the environment") {
        scene.values = {{"W_PRIVATE_KEY", "0x" + kKey}};
        source = "W_PRIVATE_KEY";
    }
    SECTION("a file") {
        scene.values = {{"W_PRIVATE_KEY_FILE", scene.file("key", kKey + "\n")}};
        source = "W_PRIVATE_KEY_FILE";
    }
    SECTION("a key file and its password") {
        scene.values = {{"W_KEYSTORE_FILE", scene.file("keystore", kKeyFile)},
                        {"W_KEYSTORE_PASSWORD_FILE", scene.file("password", "testpassword\nnot this\n")}};
        source = "W_KEYSTORE_FILE";
    }
    SECTION("a credential") {
        scene.file("w-key", kKey + "\n");
        scene.values = {{"CREDENTIALS_DIRECTORY", scene.dir.path()}};
        source = "w-key";
    }
    SECTION("a credential that is a key file") {
        scene.file("w-keystore", kKeyFile);
        scene.file("w-keystore-password", "testpassword\n");
        scene.values = {{"CREDENTIALS_DIRECTORY", scene.dir.path()}};
        source = "w-keystore";
    }
    scene.values["W_ADDRESS"] = address_of(kKey);
    const auto wallet = scene.read(remote_too ? read_wallet : read_local_wallet);
    INFO(scene.mistakes);
    REQUIRE(wallet.signer);
    CHECK(scene.mistakes.empty());
    CHECK(wallet.signer->address().hex() == address_of(kKey));
    CHECK(wallet.source == source);
    CHECK_FALSE(scene.values.contains("W_PRIVATE_KEY"));
}

TEST_CASE("a remote signer is set by its URL and the address of one of its keys") {
    const testkit::SigningServer server(kKey);
    Scene scene;
    scene.values = {{"W_SIGNER_URL", server.url()}, {"W_ADDRESS", address_of(kKey)}};
    const auto wallet = scene.read();
    REQUIRE(wallet.signer);
    CHECK(scene.mistakes.empty());
    CHECK(wallet.source == "W_SIGNER_URL");
    CHECK(server.requests() == 0);
    wallet.signer->check();
    CHECK(wallet.signer->sign({}) == crypto::LocalSigner::from_hex(kKey).value()->sign({}));

    scene.values.erase("W_ADDRESS");
    scene.check_refused("W_ADDRESS", "is required with W_SIGNER_URL");
    scene.values["W_ADDRESS"] = "0x12";
    scene.check_refused("W_ADDRESS", "is not an address");
    scene.values = {{"W_SIGNER_URL", "127.0.0.1:9000"}, {"W_ADDRESS", address_of(kKey)}};
    scene.check_refused("W_SIGNER_URL", "http://");
    // A local wallet requires a local key.
    scene.read(read_local_wallet);
    CHECK_THAT(scene.mistakes, Catch::StartsWith("W_PRIVATE_KEY: is required"));
}

TEST_CASE("no source, or more than one, is refused with the list of sources") {
    Scene scene;
    scene.check_refused("W_PRIVATE_KEY",
                        "is required, or alternatively W_PRIVATE_KEY_FILE, or W_KEYSTORE_FILE and "
                        "W_KEYSTORE_PASSWORD_FILE, or the credential w-key, or W_SIGNER_URL and W_ADDRESS");
    scene.file("w-key", kKey);
    const Scene::Values all = {{"W_PRIVATE_KEY", kKey},
                               {"W_PRIVATE_KEY_FILE", scene.dir.path() + "/w-key"},
                               {"W_KEYSTORE_FILE", "/nowhere"},
                               {"W_SIGNER_URL", "http://127.0.0.1:1"},
                               {"CREDENTIALS_DIRECTORY", scene.dir.path()}};
    for (const auto& one : all) {
        for (const auto& another : all) {
            if (one.first < another.first) {
                INFO(one.first << " and " << another.first);
                scene.values = {one, another};
                scene.read();
                CHECK_THAT(scene.mistakes, Catch::StartsWith("W_PRIVATE_KEY: "));
                for (const auto& name : {one.first, another.first}) {
                    const auto shown = name == "CREDENTIALS_DIRECTORY" ? "the credential w-key" : name;
                    // Settings itself reports two forms of one setting.
                    CHECK_THAT(scene.mistakes, Catch::Contains(shown) || Catch::Contains("set one of them"));
                }
                CHECK(std::count(scene.mistakes.begin(), scene.mistakes.end(), '\n') == 1);
            }
        }
    }
}

TEST_CASE("a key in the environment is refused in production, with the alternatives") {
    Scene scene;
    const auto environment = GENERATE("production", "Production");
    scene.values = {{"W_PRIVATE_KEY", kKey}, {"ENVIRONMENT", environment}};
    scene.check_refused("W_PRIVATE_KEY", "set W_PRIVATE_KEY_FILE, or give it as the credential w-key");
    scene.values = {{"W_PRIVATE_KEY", kKey}, {"ENVIRONMENT", environment}, {"ALLOW_ENV_KEY", "true"}};
    CHECK(scene.read().signer);
    CHECK(scene.mistakes.empty());
    scene.values = {{"W_PRIVATE_KEY_FILE", scene.file("key", kKey)}, {"ENVIRONMENT", environment}};
    CHECK(scene.read().signer);
    CHECK(scene.mistakes.empty());
    scene.values = {{"W_PRIVATE_KEY", kKey}, {"ENVIRONMENT", "development"}};
    CHECK(scene.read().signer);
    CHECK(scene.mistakes.empty());
    // A misspelt name must not disable the check silently.
    scene.values = {{"W_PRIVATE_KEY", kKey},
                    {"ENVIRONMENT", GENERATE("prod", "producton", "live", "staging")}};
    scene.read();
    CHECK_THAT(scene.mistakes, Catch::StartsWith("ENVIRONMENT: must be one of: development, production"));
}

TEST_CASE("a key file that every user can read is refused; a password file, in production") {
    namespace fs = std::filesystem;
    Scene scene;
    const auto key = scene.file("key", kKey);
    const auto keystore = scene.file("keystore", kKeyFile);
    const auto password = scene.file("password", "testpassword");
    fs::permissions(key, fs::perms(0640));
    scene.values = {{"W_PRIVATE_KEY_FILE", key}};
    CHECK(scene.read().signer);
    CHECK(scene.mistakes.empty());
    fs::permissions(key, fs::perms(0644));
    scene.read();
    CHECK_THAT(scene.mistakes, Catch::StartsWith("W_PRIVATE_KEY_FILE: names a file that every user"));
    fs::permissions(password, fs::perms(0644));
    scene.values = {{"W_KEYSTORE_FILE", keystore}, {"W_KEYSTORE_PASSWORD_FILE", password}};
    CHECK(scene.read().signer);
    CHECK(scene.mistakes.empty());
    scene.values["ENVIRONMENT"] = "production";
    scene.read();
    CHECK_THAT(scene.mistakes, Catch::StartsWith("W_KEYSTORE_PASSWORD_FILE: names a file that every user"));
}

TEST_CASE("a key, a key file and a password that are wrong are one mistake each, by name") {
    Scene scene;
    const auto keystore = scene.file("keystore", kKeyFile);
    const auto password = scene.file("password", "testpassword");
    scene.values = {{"W_PRIVATE_KEY", kKey.substr(1)}};
    scene.check_refused("W_PRIVATE_KEY", "64 hex digits");
    scene.values = {{"W_PRIVATE_KEY_FILE", scene.file("key", "nonsense")}};
    scene.check_refused("W_PRIVATE_KEY_FILE", "64 hex digits");
    scene.values = {{"W_PRIVATE_KEY_FILE", scene.dir.path() + "/none"}};
    scene.check_refused("W_PRIVATE_KEY_FILE", "cannot be read");
    scene.values = {{"W_PRIVATE_KEY", kKey}, {"W_ADDRESS", address_of(kOtherKey)}};
    scene.check_refused("W_ADDRESS", "the key of W_PRIVATE_KEY has the address " + address_of(kKey));
    scene.values = {{"W_PRIVATE_KEY", kKey}, {"W_KEYSTORE_PASSWORD_FILE", password}};
    scene.check_refused("W_KEYSTORE_PASSWORD_FILE", "must be set together with W_KEYSTORE_FILE");

    scene.values = {{"W_KEYSTORE_FILE", keystore}};
    scene.check_refused("W_KEYSTORE_PASSWORD_FILE", "must be set together with W_KEYSTORE_FILE");
    scene.values = {{"W_KEYSTORE_FILE", keystore},
                    {"W_KEYSTORE_PASSWORD_FILE", scene.file("wrong", "guess")}};
    scene.check_refused("W_KEYSTORE_PASSWORD_FILE", "the password does not open the key file");
    CHECK(scene.mistakes.find("guess") == std::string::npos);
    scene.values = {{"W_KEYSTORE_FILE", scene.file("cut", kKeyFile.substr(0, 200))},
                    {"W_KEYSTORE_PASSWORD_FILE", password}};
    scene.check_refused("W_KEYSTORE_FILE", "is not a usable key file");
    scene.values = {{"W_KEYSTORE_FILE", scene.file("old", R"({"version":1})")},
                    {"W_KEYSTORE_PASSWORD_FILE", password}};
    scene.check_refused("W_KEYSTORE_FILE", "/version: only version 3");
    scene.values = {{"W_KEYSTORE_FILE", scene.dir.path() + "/none"}, {"W_KEYSTORE_PASSWORD_FILE", password}};
    scene.check_refused("W_KEYSTORE_FILE", "cannot be read");

    scene.file("w-keystore", kKeyFile);
    scene.values = {{"CREDENTIALS_DIRECTORY", scene.dir.path()}};
    scene.check_refused("w-keystore-password", "cannot be read");
}
