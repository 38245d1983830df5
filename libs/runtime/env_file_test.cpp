#include "runtime/env_file.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::runtime;

TEST_CASE("a settings file is read in its usual notations") {
    const EnvFile wanted{{"A", "1"}, {"B", "x y"}, {"C", ""}};
    CHECK(parse_env_file("A=1\nB='x y'\nC=\n").value() == wanted);
    CHECK(parse_env_file("# Lamda's\r\n\r\nA=1\r\nB=\"x y\"\r\nC=\r\n\r\n").value() == wanted);
    CHECK(parse_env_file("\xEF\xBB\xBF# it's a comment\nA=1\nexport B='x y'\nC=").value() == wanted);
    CHECK(parse_env_file("\xEF\xBB\xBF"
                         "A=1 # a comment\n;also\n  B = x y\nC=# nothing\n")
              .error()
              .message.find("line 3") == 0);
    CHECK(parse_env_file("A=1 # a comment\n B=x y\nC=# nothing").value() == wanted);
    CHECK(parse_env_file("").value().empty());
    CHECK(parse_env_file("A=1\nA=2").value().at("A") == "2");
}

TEST_CASE("a value in either kind of quotes is literal") {
    for (const std::string value : {"S3cret$Token99", "S3cret`Token`99", "S3cret!Token99", "S3cret Token#99",
                                    "a#b", "postgres://u:p%2F@h/db?sslmode=prefer&connect_timeout=3"}) {
        INFO(value);
        CHECK(parse_env_file("T='" + value + "'").value().at("T") == value);
        CHECK(parse_env_file("T=\"" + value + "\"\r\n").value().at("T") == value);
    }
    CHECK(parse_env_file(R"(T="a\"b\\c$d")").value().at("T") == R"(a"b\c$d)");
    CHECK(parse_env_file(R"(T='a\b')").value().at("T") == R"(a\b)");
    CHECK(parse_env_file("T=postgres://h/db?a=1&b=2").value().at("T") == "postgres://h/db?a=1&b=2");
}

TEST_CASE("a malformed line is reported by its number, without its text") {
    for (const char* text : {"A=1\ns3cret", "A=1\ns3 cret=2", "A=1\nT='s3cret", "A=1\nT=\"s3cret\"x",
                             "A=1\n=s3cret", "A=1\n9A=s3cret"}) {
        INFO(text);
        const auto refused = parse_env_file(text);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.starts_with("line 2 "));
        CHECK(refused.error().message.find("s3") == std::string::npos);
    }
}
