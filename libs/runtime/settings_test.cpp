#include "runtime/settings.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "natsauth/claims.hpp"
#include "runtime/bus_login.hpp"
#include "runtime/server_settings.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::runtime;

namespace {

Settings from(std::map<std::string, std::string> values) {
    return Settings([values = std::move(values)](const std::string& name) -> std::optional<std::string> {
        const auto at = values.find(name);
        return at == values.end() ? std::nullopt : std::optional<std::string>(at->second);
    });
}

std::string mistaken(const Settings& settings) {
    std::string out;
    for (const auto& mistake : settings.mistakes()) {
        out += mistake.name + " ";
    }
    return out;
}

}  // namespace

TEST_CASE("values are read, trimmed, and defaulted; an empty one counts as unset") {
    auto settings =
        from({{"A", " x "}, {"EMPTY", ""}, {"BLANK", "  "}, {"N", "7"}, {"T", "True"}, {"D", "5m"}});
    CHECK(settings.text("A", "") == "x");
    CHECK(settings.text("EMPTY", "", "default") == "default");
    CHECK(settings.number("BLANK", "", 3, 1, 9) == 3);
    CHECK_FALSE(settings.maybe_text("EMPTY", "").has_value());
    CHECK_FALSE(settings.maybe_number("EMPTY", "").has_value());
    CHECK(settings.number("N", "", 3, 1, 9) == 7);
    CHECK(settings.maybe_number("N", "") == 7);
    CHECK(settings.boolean("T", "", false));
    CHECK(settings.duration("D", "", "1s") == Millis(300'000));
    CHECK(settings.duration("EMPTY", "", "1s") == Millis(1'000));
    CHECK(settings.mistakes().empty());
    CHECK(settings.asked().size() == 6);
}

TEST_CASE("each wrong value is one mistake under its name, and reading continues with a default") {
    auto settings = from({{"NUMBER", "12x"},
                          {"RANGE", "10"},
                          {"HUGE", "99999999999999999999999"},
                          {"BOOL", "maybe"},
                          {"TIME", "5 minutes"},
                          {"ADDRESS", "0x12"},
                          {"ZERO", "0x0000000000000000000000000000000000000000"},
                          {"ENUM", "purple"},
                          {"URLS", "http://ok,ftp://user:topsecret@x"}});
    CHECK(settings.number("NUMBER", "", 3, 1, 9) == 3);
    CHECK(settings.number("RANGE", "", 3, 1, 9) == 3);
    CHECK(settings.number("HUGE", "", 3, 1, 9) == 3);
    CHECK(settings.boolean("BOOL", "", true));
    CHECK(settings.duration("TIME", "", "1s") == Millis(1'000));
    CHECK(settings.address("ADDRESS", "").is_zero());
    CHECK(settings.address("ZERO", "").is_zero());
    CHECK(settings.one_of("ENUM", "", {"red", "blue"}, "red") == "red");
    settings.urls("URLS", "");
    settings.text("MISSING", "");
    settings.urls("NO_URLS", "");
    settings.address("NO_ADDRESS", "");
    settings.number("NUMBER", "", 3, 1, 9);  // read twice, reported once
    CHECK(mistaken(settings) ==
          "NUMBER RANGE HUGE BOOL TIME ADDRESS ZERO ENUM URLS MISSING NO_URLS NO_ADDRESS ");
    for (const auto& mistake : settings.mistakes()) {
        INFO(mistake.name << ": " << mistake.message);
        CHECK_FALSE(mistake.message.empty());
        CHECK(mistake.message.find("topsecret") == std::string::npos);
        CHECK(mistake.message.find("purple") == std::string::npos);
    }
}

TEST_CASE("quotes and unusable values are mistakes") {
    auto settings = from({{"QUOTED", "\"x\""},
                          {"SINGLE", "'s3cret'"},
                          {"BOOL", "yes"},
                          {"ZERO", "0s"},
                          {"ENVIRONMENT", "prod"},
                          {"A_PORT", "8080"},
                          {"B_PORT", "8080"},
                          {"DATABASE_URL", "mysql://u:s3cret@h/db"},
                          {"NATS_URL", "foo"}});
    CHECK(settings.text("QUOTED", "", "").empty());
    CHECK(settings.secret("SINGLE", "").empty());
    CHECK_FALSE(settings.boolean("BOOL", "", false));
    CHECK(settings.positive_duration("ZERO", "", "1s") == Millis(1'000));
    CHECK(settings.environment() == "development");
    CHECK(settings.port("A_PORT", "", 1) == 8080);
    settings.port("B_PORT", "", 2);
    read_database_url(settings);
    read_nats_url(settings);
    CHECK(mistaken(settings) == "QUOTED SINGLE BOOL ZERO ENVIRONMENT B_PORT DATABASE_URL NATS_URL ");
    for (const auto& mistake : settings.mistakes()) {
        CHECK(mistake.message.find("s3cret") == std::string::npos);
    }
}

TEST_CASE("in production a NATS_URL without a login is refused") {
    for (const char* login : {"", "nats://user:secret@", "nats://token@"}) {
        for (const char* environment : {"production", "PRODUCTION", "development"}) {
            const bool open = std::string(login).empty();
            const std::string begin = open ? "nats://" : login;
            auto settings =
                from({{"ENVIRONMENT", environment}, {"NATS_URL", begin + "one:4222,nats://two:4222"}});
            read_nats_url(settings);
            INFO(login << " " << environment);
            CHECK(mistaken(settings) ==
                  (open && environment != std::string("development") ? "NATS_URL " : ""));
        }
    }
}

TEST_CASE(
    "NATS_CREDS_FILE replaces the login of NATS_URL; a file that is no creds file is refused without quoting "
    "it") {
    const testkit::TempDir dir("creds");
    const auto path = dir.path() + "/x.creds";
    const auto read = [&] {
        auto settings =
            from({{"ENVIRONMENT", "production"}, {"NATS_URL", "nats://one:4222"}, {"NATS_CREDS_FILE", path}});
        read_nats_url(settings);
        const auto login = read_nats_login(settings);
        for (const auto& mistake : settings.mistakes()) {
            CHECK(mistake.message.find("s3cret") == std::string::npos);
        }
        return std::pair(mistaken(settings), login);
    };
    CHECK(read().first == "NATS_CREDS_FILE ");
    std::ofstream(path) << "s3cret";
    CHECK(read().first == "NATS_CREDS_FILE ");
    const auto write = [&] {
        const auto account = natsauth::Nkey::generate(natsauth::KeyKind::kAccount);
        auto key = natsauth::Nkey::generate(natsauth::KeyKind::kUser);
        natsauth::UserClaims claims;
        claims.name = "dispatcher";
        claims.key = key.public_key();
        claims.account = account.public_key();
        const natsauth::Credentials credentials{natsauth::encode(claims, account), key};
        std::ofstream(path) << natsauth::to_text(credentials);
        return credentials.jwt;
    };
    const auto first = write();
    const auto [mistakes, login] = read();
    CHECK(mistakes.empty());
    REQUIRE(login);
    CHECK(login->name == "dispatcher");
    CHECK(login->jwt() == first);
    CHECK(login->sign("nonce").size() == 64);
    const auto second = write();  // replaced while the process runs
    CHECK(login->jwt() == second);
    std::ofstream(path) << "s3cret";
    CHECK_THROWS(login->jwt());
}

TEST_CASE("a short operator token is refused, and its text is not repeated") {
    const std::string seven(7, 's');
    for (const auto& [environment, token, mistake] :
         std::vector<std::array<std::string, 3>>{{"development", seven, "OPERATOR_TOKEN "},
                                                 {"development", seven + "s", ""},
                                                 {"production", std::string(31, 's'), "OPERATOR_TOKEN "},
                                                 {"production", std::string(32, 's'), ""},
                                                 {"production", "", ""}}) {
        auto settings = from({{"ENVIRONMENT", environment}, {"OPERATOR_TOKEN", token}});
        CHECK(read_operator_token(settings).reveal() == token);
        CHECK(mistaken(settings) == mistake);
        for (const auto& one : settings.mistakes()) {
            CHECK(one.message.find(seven) == std::string::npos);
        }
    }
}

TEST_CASE("two ports may both be 0, and a misspelt name is a mistake") {
    auto settings = from({{"A_PORT", "0"}, {"B_PORT", "0"}});
    settings.port("A_PORT", "", 1);
    settings.port("B_PORT", "", 1);
    CHECK(settings.port("B_PORT", "", 1) == 0);
    CHECK(settings.mistakes().empty());
    settings.finish({"PATH", "BSC_RPC_ULR", "BSC_RPC_URL"});
    CHECK(mistaken(settings) == "BSC_RPC_ULR ");
}

TEST_CASE("the environment takes precedence over the file, and every secret is removed from both") {
    ::setenv("LOG_LEVEL", "debug", 1);
    ::setenv("PINATA_JWT", "s3cret", 1);
    auto settings = Settings::from_environment(
        {{"LOG_LEVEL", "warn"}, {"LOG_FORMAT", "text"}, {"OPERATOR_TOKEN", "s3cret-too"}});
    CHECK(settings.text("LOG_LEVEL", "") == "debug");
    CHECK(settings.text("LOG_FORMAT", "") == "text");
    CHECK(settings.secret("OPERATOR_TOKEN", "").reveal() == "s3cret-too");
    settings.finish({});
    CHECK_FALSE(settings.is_set("OPERATOR_TOKEN"));
    CHECK_FALSE(settings.is_set("PINATA_JWT"));
    CHECK(std::getenv("PINATA_JWT") == nullptr);
    ::unsetenv("LOG_LEVEL");
}

TEST_CASE("lists are split at commas, trimmed, without empty items") {
    auto settings = from({{"A", "x, y ,,z"}, {"U", "http://a:1, https://b/path"}});
    CHECK(settings.list("A", "") == std::vector<std::string>{"x", "y", "z"});
    CHECK(settings.urls("U", "") == std::vector<std::string>{"http://a:1", "https://b/path"});
    CHECK(settings.list("NONE", "", false).empty());
    CHECK(settings.mistakes().empty());
}

TEST_CASE("a text is read in its parser's normal form, and one that the parser refuses is a mistake") {
    const auto without_slash = [](std::string_view text) -> Result<std::string> {
        if (!text.ends_with('/')) {
            return Error{"no_slash", "ends without a slash", ""};
        }
        return std::string(text.substr(0, text.size() - 1));
    };
    auto settings = from({{"A", "x/"}, {"WRONG", "y"}, {"LIST", "a/, b/"}, {"HALF", "a/,b"}});
    CHECK(settings.normal_form("A", "", without_slash) == "x");
    CHECK(settings.normal_form("NONE", "", without_slash, "").empty());
    CHECK(settings.normal_forms("LIST", "", without_slash) == std::vector<std::string>{"a", "b"});
    CHECK(settings.normal_forms("NO_LIST", "", without_slash).empty());
    CHECK(settings.mistakes().empty());
    CHECK(settings.normal_form("WRONG", "", without_slash).empty());
    CHECK(settings.normal_form("REQUIRED", "", without_slash).empty());
    CHECK(settings.normal_forms("HALF", "", without_slash).front() == "a");
    CHECK(mistaken(settings) == "WRONG REQUIRED HALF ");
}

TEST_CASE("a secret comes from its name or from the first line of a file, but not from both") {
    testkit::TempDir dir("settings");
    const std::string path = dir.path() + "/key";
    std::ofstream(path) << "s3cret\nanother line\n";
    auto settings = from({{"PLAIN", "direct"},
                          {"FILED_FILE", path},
                          {"BOTH", "direct"},
                          {"BOTH_FILE", path},
                          {"GONE_FILE", dir.path() + "/nothing"}});
    CHECK(settings.secret("PLAIN", "").reveal() == "direct");
    CHECK(settings.secret("FILED", "").reveal() == "s3cret");
    CHECK(settings.secret("OPTIONAL", "", false).empty());
    CHECK(settings.mistakes().empty());
    CHECK(settings.secret("BOTH", "").empty());
    CHECK(settings.secret("GONE", "").empty());
    CHECK(settings.secret("MISSING", "").empty());
    CHECK(mistaken(settings) == "BOTH GONE_FILE MISSING ");
}

TEST_CASE("a credential is a file in systemd's credentials directory") {
    testkit::TempDir dir("settings");
    std::ofstream(dir.path() + "/the-key") << "s3cret\n";
    std::ofstream(dir.path() + "/empty").flush();
    auto settings = from({{"CREDENTIALS_DIRECTORY", dir.path()}});
    CHECK(settings.credential("the-key")->reveal() == "s3cret\n");
    CHECK_FALSE(settings.credential("another"));
    CHECK(settings.mistakes().empty());
    settings.credential("empty");
    CHECK(mistaken(settings) == "empty ");
    CHECK(settings.asked().empty());
    CHECK_FALSE(from({}).credential("the-key"));
}
