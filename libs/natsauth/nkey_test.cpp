#include "natsauth/nkey.hpp"

#include <catch2/catch.hpp>
#include <numeric>

using namespace lamda;
using namespace lamda::natsauth;

namespace {

struct Vector {
    KeyKind kind;
    const char* seed;
    const char* public_key;
    const char* signature;  ///< of "nonce"
};

// Made with the npm package nkeys.js 1.1.0 from the raw seeds 00 01 … 1f, 01 02 … 20, 02 03 … 21.
constexpr Vector kVectors[] = {
    {KeyKind::kOperator, "SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA",
     "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT",
     "f874eae1de830c754d6fc32c4d1019b5221ad2f5c0ff2b996e5c1303b253e7063398a071276c2961f8c787b85ca6d66589d6d5c"
     "3"
     "fe992f2b9b8e6ff20e4f8e09"},
    {KeyKind::kAccount, "SAAACAQDAQCQMBYIBEFAWDANBYHRAEISCMKBKFQXDAMRUGY4DUPB6IFO3A",
     "AB43KVROR7TFJ6KAPCYRF2FJROTZAH4FHLTJLPWX4DRZCC5NASLGIFW3",
     "212feec6abeb24401c2911f0b17f3d6b9b2ed35cdbc3423bdeab2955d53456088b32ac33c961ea192e7e92390539f79e0b28a4c"
     "0"
     "2694997871c5f5ef722c9c0c"},
    {KeyKind::kUser, "SUAAEAYEAUDAOCAJBIFQYDIOB4IBCEQTCQKRMFYYDENBWHA5DYPSAIOM6Y",
     "UBB43QBD2IWV7HQQPUNANE2FPU25DUIOW7JBY4QRSL2W6XPEAZS5HEQW",
     "7b4edb759c085266073ec6c263e4f46c6c349730716cf1077a5bd79f10af2523185f3dbc72699f7adcf58f42bccda78ac6b4b6c"
     "a"
     "49c2311d322eca993467190f"},
};

}  // namespace

TEST_CASE("NKeys equal those of the official package") {
    for (const auto& vector : kVectors) {
        const auto key = Nkey::from_seed(vector.kind, vector.seed);
        REQUIRE(key);
        CHECK(key->seed() == vector.seed);
        CHECK(key->public_key() == vector.public_key);
        const auto signature = key->sign(as_bytes("nonce"));
        CHECK(to_hex_bare(signature) == vector.signature);
        const auto parsed = parse_public_key(vector.kind, vector.public_key);
        REQUIRE(parsed);
        CHECK(public_key_text(vector.kind, *parsed) == vector.public_key);
        CHECK(crypto::ed25519_verify(*parsed, as_bytes("nonce"), signature));
        CHECK_FALSE(crypto::ed25519_verify(*parsed, as_bytes("other"), signature));
        CHECK_FALSE(crypto::ed25519_verify(*parsed, as_bytes("nonce"), BytesView(signature).first(63)));
    }
}

TEST_CASE("an NKey of another kind, a changed one, and any other text are refused without quoting it") {
    const std::string user = kVectors[2].seed;
    CHECK_FALSE(Nkey::from_seed(KeyKind::kAccount, user));
    CHECK_FALSE(parse_public_key(KeyKind::kAccount, kVectors[2].public_key));
    CHECK_FALSE(parse_public_key(KeyKind::kUser, user));
    for (std::size_t i = 0; i < user.size(); ++i) {
        auto changed = user;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        const auto refused = Nkey::from_seed(KeyKind::kUser, changed);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.find(changed.substr(4)) == std::string::npos);
    }
    for (const char* text :
         {"", "S", "U", "SU", "not a key", "SUAAEAYEAUDAOCAJBIFQYDIOB4IBCEQTCQKRMFYYDENBWHA5DYPSAIOM6Y="}) {
        CHECK_FALSE(Nkey::from_seed(KeyKind::kUser, text));
        CHECK_FALSE(parse_public_key(KeyKind::kUser, text));
    }
    const auto made = Nkey::generate(KeyKind::kUser);
    CHECK(made.public_key() != Nkey::generate(KeyKind::kUser).public_key());
    CHECK(Nkey::from_seed(KeyKind::kUser, made.seed())->public_key() == made.public_key());
}
