#include "crypto/seal.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::crypto;

namespace {

std::unique_ptr<LocalSigner> key(const char* hex) {
    return LocalSigner::from_hex(hex).value();
}
std::unique_ptr<LocalSigner> recipient() {
    return key("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6");
}

/// A signer that is elsewhere: it only signs.
class RemoteSigner final : public Signer {
  public:
    const Address& address() const override { return address_; }
    Signature sign(BytesView) const override { return {}; }
    void check() const override {}

  private:
    Address address_;
};

}  // namespace

TEST_CASE("key agreement: both sides have the same x coordinate, in any form of the public key") {
    // Multiples of the generator: x of 2 · 3 · G = 6 · G (SEC 2, section 2.4.1).
    const auto two = key("0000000000000000000000000000000000000000000000000000000000000002");
    const auto three = key("0000000000000000000000000000000000000000000000000000000000000003");
    const auto shared = two->agree(three->public_key()).value();
    CHECK(to_hex_bare(shared.view()) == "fff97bd5755eeea420453a14355235d382f6472f8568a18b2f057a1460297556");
    CHECK(to_hex_bare(three->agree(compressed_public_key(two->public_key()).value()).value().view()) ==
          to_hex_bare(shared.view()));
    CHECK(two->agree(Bytes(33, 2)).ok());
    CHECK(two->agree(Bytes(33, 9)).error().code == "invalid_public_key");
    CHECK(two->agree({}).error().code == "invalid_public_key");
}

TEST_CASE("the public key of a signature is the signer's") {
    const auto signer = recipient();
    const auto digest = random_bytes32();
    CHECK(recover_public_key(digest, signer->sign_digest(digest)).value() == signer->public_key());
    CHECK(address_of_public_key(compressed_public_key(signer->public_key()).value()).value() ==
          signer->address());
}

TEST_CASE("a sealed message opens with its key and its associated data only") {
    const auto to = recipient();
    const std::string plain = GENERATE(std::string(), std::string("token"), std::string(16'384, '\0'));
    const auto sealed = seal(as_bytes(plain), to->public_key(), as_bytes("context")).value();
    CHECK(sealed.size() == plain.size() + kSealOverhead);
    CHECK(as_string(open_sealed(sealed, *to, as_bytes("context")).value().view()) == plain);
    CHECK(sealed != seal(as_bytes(plain), to->public_key(), as_bytes("context")).value());

    CHECK(open_sealed(sealed, *to, as_bytes("Context")).error().code == "not_sealed");
    CHECK(open_sealed(sealed, *to, {}).error().code == "not_sealed");
    const auto other = key("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
    CHECK(open_sealed(sealed, *other, as_bytes("context")).error().code == "not_sealed");
    CHECK(open_sealed(sealed, RemoteSigner(), as_bytes("context")).error().code == "no_key_agreement");
}

TEST_CASE("a changed or cut sealed message does not open") {
    const auto to = recipient();
    const auto sealed = seal(as_bytes("token"), to->public_key(), {}).value();
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        INFO("byte " << i);
        auto changed = sealed;
        changed[i] ^= 1;
        CHECK(open_sealed(changed, *to, {}).error().code == "not_sealed");
        CHECK(open_sealed(BytesView(sealed).first(i), *to, {}).error().code == "not_sealed");
    }
    CHECK(seal(as_bytes("token"), Bytes(33, 9), {}).error().code == "invalid_public_key");
    CHECK(seal_with(SecretBytes(32), as_bytes("token"), to->public_key(), {}).error().code ==
          "invalid_private_key");
}

TEST_CASE("base64url: the vectors of RFC 4648, and one form for each value") {
    for (const auto& [text, encoded] : {std::pair{"", ""},
                                        {"f", "Zg"},
                                        {"fo", "Zm8"},
                                        {"foo", "Zm9v"},
                                        {"foob", "Zm9vYg"},
                                        {"fooba", "Zm9vYmE"},
                                        {"foobar", "Zm9vYmFy"}}) {
        CHECK(to_base64url(as_bytes(text)) == encoded);
        CHECK(as_string(from_base64url(encoded).value()) == text);
    }
    CHECK(to_base64url(Bytes{0xfb, 0xff}) == "-_8");
    for (const auto* wrong : {"Zg==", "Zh", "Z", "Zm 9v", "Zm9v\n", "+/8", "Zm9v="}) {
        INFO(wrong);
        CHECK(from_base64url(wrong).error().code == "invalid_base64url");
    }
}

TEST_CASE("moved secret bytes leave nothing behind") {
    SecretBytes from{as_bytes("token")};
    const SecretBytes to = std::move(from);
    CHECK(from.size() == 0);  // NOLINT(bugprone-use-after-move,hicpp-invalid-access-moved)
    CHECK(as_string(to.view()) == "token");
}
