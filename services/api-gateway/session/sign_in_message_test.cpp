// Tests of the sign-in message: its grammar (EIP-4361), nonces, and the reasons to refuse.
#include "services/api-gateway/session/sign_in_message.hpp"

#include <catch2/catch.hpp>

#include "services/api-gateway/session/nonce.hpp"
#include "services/api-gateway/session/sign_in_check.hpp"
#include "services/api-gateway/testing/test_wallet.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

const std::string kAddress = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2";  // of EIP-4361's example

MessageText whole() {
    MessageText out;
    out.address = kAddress;
    return out;
}

std::string replaced(std::string text, const std::string& old, const std::string& now) {
    const auto at = text.find(old);
    REQUIRE(at != std::string::npos);
    return text.replace(at, old.size(), now);
}

std::set<std::string> codes(const std::vector<Error>& errors) {
    std::set<std::string> out;
    for (const auto& error : errors) {
        out.insert(error.code);
    }
    return out;
}

}  // namespace

TEST_CASE("The example of EIP-4361 is read") {
    const std::string text =
        "example.com wants you to sign in with your Ethereum account:\n"
        "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2\n"
        "\n"
        "I accept the ExampleOrg Terms of Service: https://example.com/tos\n"
        "\n"
        "URI: https://example.com/login\n"
        "Version: 1\n"
        "Chain ID: 1\n"
        "Nonce: 32891756\n"
        "Issued At: 2021-09-30T16:25:24Z\n"
        "Resources:\n"
        "- ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/\n"
        "- https://example.com/my-web2-claim.json";
    const auto message = parse_sign_in_message(text);
    REQUIRE(message);
    CHECK(message->scheme.empty());
    CHECK(message->domain == "example.com");
    CHECK(crypto::checksum_address(message->address) == kAddress);
    CHECK(message->statement == "I accept the ExampleOrg Terms of Service: https://example.com/tos");
    CHECK(message->uri == "https://example.com/login");
    CHECK(message->chain_id == ChainId{1});
    CHECK(message->nonce == "32891756");
    CHECK(to_rfc3339(message->issued_at) == "2021-09-30T16:25:24.000Z");
    CHECK_FALSE(message->expiration_time);
    CHECK(message->resources.size() == 2);
}

TEST_CASE("Each optional part may be absent") {
    auto text = whole();
    CHECK(parse_sign_in_message(text.text())->statement == text.statement);
    text.statement.clear();
    CHECK_FALSE(parse_sign_in_message(text.text())->statement);
    text.scheme = "https";
    text.expiration_time = "2026-11-20T11:00:00+01:00";
    text.not_before = "2026-11-20T09:00:00Z";
    text.request_id = "a:b@c%2Fd";
    text.resources = {"urn:example:1", "http://[2001:db8::1]:8080/?a#b"};
    const auto all = parse_sign_in_message(text.text());
    REQUIRE(all);
    CHECK(all->scheme == "https");
    CHECK(to_rfc3339(*all->expiration_time) == "2026-11-20T10:00:00.000Z");
    CHECK(to_rfc3339(*all->not_before) == "2026-11-20T09:00:00.000Z");
    CHECK(all->request_id == "a:b@c%2Fd");
    CHECK(all->resources == text.resources);
    text.resources.clear();
    CHECK(parse_sign_in_message(text.text() + "\nResources:"));
}

TEST_CASE("A message outside the grammar is refused") {
    const auto good = whole().text();
    REQUIRE(parse_sign_in_message(good));
    const std::vector<std::pair<std::string, std::string>> changes = {
        {"localhost:3000 wants", " wants"},
        {"localhost:3000 wants", "a b wants"},
        {"localhost:3000 wants", "local\nhost wants"},
        {"localhost:3000 wants", "localhost:port wants"},
        {"localhost:3000 wants", "://localhost wants"},
        {"localhost:3000 wants", "exämple.org wants"},
        {"localhost:3000 wants", "localhost:3000/ wants"},
        {"Ethereum account:\n", "Ethereum account:\r\n"},
        {"Ethereum account:", "ethereum account:"},
        {kAddress, "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"},  // without a checksum
        {kAddress, "0xc02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"},
        {kAddress, kAddress + " "},
        {kAddress, kAddress.substr(2)},
        {"\n\nI accept", "\nI accept"},
        {"I accept", "I \"accept\""},
        {"I accept", "I accépt"},
        {"I accept", "I accept 100% of"},
        {"I accept", "I\n\nURI: https://other.example\nVersion: 1\nI accept"},
        {"/tos\n\nURI", "/tos\nURI"},
        {"URI: http://localhost:3000/login", "URI: localhost"},
        {"URI: http://localhost:3000/login", "URI: http://local host/"},
        {"URI: http://localhost:3000/login", "URI: http://localhost/%zz"},
        {"URI: http", "Uri: http"},
        {"Version: 1", "Version: 2"},
        {"Version: 1", "Version: 01"},
        {"Chain ID: 97", "Chain ID: 0x61"},
        {"Chain ID: 97", "Chain ID: -97"},
        {"Chain ID: 97", "Chain ID: 99999999999999999999999"},
        {"Chain ID: 97\n", ""},
        {"Nonce: 0123456789abcdef", "Nonce: 1234567"},
        {"Nonce: 0123456789abcdef", "Nonce: 12345678-"},
        {"Issued At: 2026-11-20T10:00:00.000Z", "Issued At: now"},
        {"Issued At: 2026-11-20T10:00:00.000Z", "Issued At: 2026-13-20T10:00:00Z"},
        {"Issued At: 2026-11-20T10:00:00.000Z", "Issued At: 2026-11-20T10:00:00.000Z\n"},
        {"Issued At: 2026-11-20T10:00:00.000Z", "Issued At: 2026-11-20T10:00:00.000Z\nUnknown: 1"},
        {"Issued At: 2026-11-20T10:00:00.000Z",
         "Issued At: 2026-11-20T10:00:00.000Z\nNot Before: 2026-11-20T10:00:00Z\nExpiration Time: "
         "2026-11-20T10:00:00Z"},
        {"Issued At: 2026-11-20T10:00:00.000Z", "Issued At: 2026-11-20T10:00:00.000Z\nRequest ID: a/b"},
        {"Issued At: 2026-11-20T10:00:00.000Z",
         "Issued At: 2026-11-20T10:00:00.000Z\nResources:\n- not a uri"},
    };
    for (const auto& [old, now] : changes) {
        INFO(old << " -> " << now);
        const auto parsed = parse_sign_in_message(replaced(good, old, now));
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == "invalid_message");
    }
    for (std::size_t size = 0; size < good.size() - 24; ++size) {
        CHECK_FALSE(parse_sign_in_message(good.substr(0, size)));
    }
    auto longest = whole();
    longest.statement = std::string(kLongestMessage, 'a');
    CHECK_FALSE(parse_sign_in_message(longest.text()));
    CHECK_FALSE(parse_sign_in_message(replaced(good, "I accept", std::string("I\0accept", 8))));
}

TEST_CASE("A nonce is accepted for ten minutes, by gateways with its key only") {
    const auto key = bytes_of(7);
    const auto now = from_unix_seconds(1'800'000'000);
    const auto nonce = make_nonce(key, now + Millis(999));
    CHECK(nonce.text.size() == 64);
    CHECK(nonce.issued_at == now);
    CHECK(nonce.expires_at == now + kNonceValidity);
    CHECK(make_nonce(key, now).text != make_nonce(key, now).text);
    const auto used = check_nonce(key, nonce.text, now);
    REQUIRE(used);
    CHECK(to_hex_bare(used->view()) == nonce.text);
    CHECK(check_nonce(key, nonce.text, nonce.expires_at - Millis(1)));
    CHECK(check_nonce(key, nonce.text, nonce.expires_at).error().code == "nonce_expired");
    CHECK(check_nonce(key, nonce.text, now - std::chrono::hours(1)).error().code == "invalid_nonce");
    CHECK(check_nonce(bytes_of(8), nonce.text, now).error().code == "invalid_nonce");
    for (std::size_t i = 0; i < nonce.text.size(); ++i) {
        auto changed = nonce.text;
        changed[i] = changed[i] == '0' ? '1' : '0';
        CHECK(check_nonce(key, changed, now).error().code == "invalid_nonce");
    }
    for (const std::string text : {"", "12345678", "0123456789abcdef"}) {
        CHECK(check_nonce(key, text, now).error().code == "invalid_nonce");
    }
    auto upper = nonce.text;
    std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
    CHECK(check_nonce(key, upper, now).error().code == "invalid_nonce");
}

TEST_CASE("All reasons to refuse a message are named at once") {
    const auto key = bytes_of(7);
    const auto now = parse_rfc3339("2026-11-20T10:00:00Z").value();
    SignInDomains domains{{"app.example", "other.example:8443"}, false};
    const auto judge = [&](const MessageText& text) {
        return codes(
            check_sign_in(parse_sign_in_message(text.text()).value(), {domains, ChainId{97}, key, now}));
    };
    using Codes = std::set<std::string>;
    auto good = whole();
    good.domain = "app.example";
    good.uri = "https://app.example/login";
    good.nonce = make_nonce(key, now).text;
    CHECK(judge(good).empty());
    const auto with = [&](auto change) {
        auto out = good;
        change(out);
        return judge(out);
    };
    CHECK(with([](auto& m) { m.domain = "APP.example", m.scheme = "https"; }).empty());
    CHECK(
        with([](auto& m) { m.domain = "other.example:8443", m.uri = "HTTPS://Other.Example:8443"; }).empty());
    CHECK(with([](auto& m) { m.domain = "other.example"; }) == Codes{"wrong_domain"});
    CHECK(with([](auto& m) { m.domain = "app.example.evil.example"; }) == Codes{"wrong_domain"});
    CHECK(with([](auto& m) { m.domain = "app.example@evil.example"; }) == Codes{"wrong_domain"});
    CHECK(with([](auto& m) { m.domain = "localhost:3000"; }) == Codes{"wrong_domain"});
    CHECK(with([](auto& m) { m.scheme = "http"; }) == Codes{"wrong_domain"});
    CHECK(with([](auto& m) { m.uri = "https://evil.example"; }) == Codes{"wrong_uri"});
    CHECK(with([](auto& m) { m.uri = "https://app.example@evil.example/"; }) == Codes{"wrong_uri"});
    CHECK(with([](auto& m) { m.uri = "urn:app.example"; }) == Codes{"wrong_uri"});
    CHECK(with([](auto& m) { m.chain_id = "56"; }) == Codes{"wrong_chain"});
    CHECK(with([](auto& m) { m.issued_at = "2026-11-20T10:02:00Z"; }).empty());
    CHECK(with([](auto& m) { m.issued_at = "2026-11-20T10:02:01Z"; }) == Codes{"issued_in_future"});
    CHECK(with([](auto& m) { m.issued_at = "2026-11-20T09:48:00Z"; }).empty());
    CHECK(with([](auto& m) { m.issued_at = "2026-11-20T09:47:59Z"; }) == Codes{"issued_too_long_ago"});
    CHECK(with([](auto& m) { m.expiration_time = "2026-11-20T10:00:00Z"; }) == Codes{"expired"});
    CHECK(with([](auto& m) { m.expiration_time = "2026-11-20T10:00:00.001Z"; }).empty());
    CHECK(with([](auto& m) { m.not_before = "2026-11-20T10:00:00.001Z"; }) == Codes{"not_yet_valid"});
    CHECK(with([](auto& m) { m.not_before = "2026-11-20T10:00:00Z"; }).empty());
    CHECK(judge([] {
              auto bad = whole();
              bad.issued_at = "2020-01-01T00:00:00Z";
              return bad;
          }()) == Codes{"wrong_domain", "wrong_uri", "invalid_nonce", "issued_too_long_ago"});
    domains.loopback = true;
    for (const std::string host : {"localhost", "localhost:5173", "127.0.0.1:8080", "[::1]:3000"}) {
        CHECK(with([&](auto& m) { m.domain = host, m.uri = "http://" + host, m.scheme = "http"; }).empty());
    }
    for (const std::string host : {"localhost.evil.example", "127.0.0.1.evil.example", "localhosts"}) {
        CHECK(with([&](auto& m) { m.domain = host; }) == Codes{"wrong_domain"});
    }
}
