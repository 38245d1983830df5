#include "natsauth/claims.hpp"

#include <catch2/catch.hpp>

#include "natsauth/credentials.hpp"

using namespace lamda;
using namespace lamda::natsauth;

namespace {

constexpr auto kAccountSeed = "SAAACAQDAQCQMBYIBEFAWDANBYHRAEISCMKBKFQXDAMRUGY4DUPB6IFO3A";
constexpr auto kUserSeed = "SUAAEAYEAUDAOCAJBIFQYDIOB4IBCEQTCQKRMFYYDENBWHA5DYPSAIOM6Y";
// encodeUser() of the npm package nats-jwt 0.0.9, for the two seeds above.
constexpr auto kOfficial =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ."
    "eyJleHAiOjE3MDAwODY0MDAsImF1ZCI6Ik5BVFMiLCJuYW1lIjoiYWdlbnQiLCJzdWIiOiJVQkI0M1FCRDJJV1Y3SFFRUFVOQU5FMkZ"
    "QVTI1RFVJT1c3SkJZNFFSU0wyVzZYUEVBWlM1SEVRVyIsIm5hdHMiOnsiZGF0YSI6LTEsInBheWxvYWQiOi0xLCJzdWJzIjotMSwicH"
    "ViIjp7ImFsbG93IjpbImEuYiJdLCJkZW55IjpbXX0sInN1YiI6eyJhbGxvdyI6W10sImRlbnkiOltdfSwidHlwZSI6InVzZXIiLCJ2Z"
    "XJzaW9uIjoyfSwiaXNzIjoiQUI0M0tWUk9SN1RGSjZLQVBDWVJGMkZKUk9UWkFINEZITFRKTFBXWDREUlpDQzVOQVNMR0lGVzMiLCJp"
    "YXQiOjE3OTYwMjA5MjgsImp0aSI6IkgweFMxcDRSb05VNkhRcFNIK0NWK3k0aW9Cc0NrMkIxSjJrdWVWWml4K3JwNlZ4TUJoQzcycDZ"
    "ybFBNQ1VSOXJLdno1Nm9rUTZGbzFPTTVzcnc4akpnPT0ifQ."
    "T5oNPVq0SdQh_MNnO5AFClh2vad0ORlPBTon2nb9j_0nypL8IIR32eb-f8svLCl6pBKbsha2yob5fD1UDRDPAQ";

Nkey account() {
    return *Nkey::from_seed(KeyKind::kAccount, kAccountSeed);
}
Nkey user() {
    return *Nkey::from_seed(KeyKind::kUser, kUserSeed);
}
UserClaims claims() {
    UserClaims out;
    out.name = "agent";
    out.key = user().public_key();
    out.account = account().public_key();
    out.publish = {"a.b"};
    out.issued_at = Timestamp(Millis(1'700'000'000'999));
    out.expires_at = Timestamp(Millis(1'700'086'400'000));
    return out;
}

}  // namespace

TEST_CASE("a JWT of the official package is verified and read") {
    const auto read = decode(kOfficial);
    REQUIRE(read);
    CHECK(read->name == "agent");
    CHECK(read->subject == user().public_key());
    CHECK(read->issuer == account().public_key());
    CHECK(read->issued_at == 1'796'020'928);
    CHECK(read->expires_at == 1'700'086'400);
    CHECK(read->issuer_account.empty());
}

TEST_CASE("a written JWT is read back; the same claims give the same text") {
    const auto jwt = encode(claims(), account());
    CHECK(jwt == encode(claims(), account()));
    const auto read = decode(jwt);
    REQUIRE(read);
    CHECK(read->issued_at == 1'700'000'000);
    CHECK(read->expires_at == 1'700'086'400);
    CHECK(read->issuer_account.empty());
    const auto other = Nkey::generate(KeyKind::kAccount);
    const auto by_signing_key = decode(encode(claims(), other));
    REQUIRE(by_signing_key);
    CHECK(by_signing_key->issuer == other.public_key());
    CHECK(by_signing_key->issuer_account == account().public_key());
}

TEST_CASE("a changed JWT is refused, wherever it is changed") {
    const auto jwt = encode(claims(), account());
    for (std::size_t i = 0; i < jwt.size(); ++i) {
        auto changed = jwt;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        CHECK_FALSE(decode(changed));
    }
    for (const char* text : {"", ".", "..", "a.b", "a.b.c", "e30.e30.e30", "e30.W10.AA"}) {
        CHECK_FALSE(decode(text));
    }
}

TEST_CASE("a creds file holds JWT and seed of one key, and a wrong one is refused without quoting it") {
    const auto text = to_text({encode(claims(), account()), user()});
    const auto read = parse_credentials(text);
    REQUIRE(read);
    CHECK(read->key.seed() == kUserSeed);
    CHECK(to_text(*read) == text);
    const auto another = to_text({encode(claims(), account()), Nkey::generate(KeyKind::kUser)});
    for (const auto& wrong :
         {std::string(), text.substr(0, text.size() / 2), text.substr(text.size() / 2), another}) {
        const auto refused = parse_credentials(wrong);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.find("SUAA") == std::string::npos);
    }
}
