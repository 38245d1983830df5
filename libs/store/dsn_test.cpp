#include "store/dsn.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::store;

TEST_CASE("a DSN is read as libpq reads it") {
    const auto parts =
        parse_dsn("postgres://us%40er:p%2Fw%23@127.0.0.1:1,db.example:5433/lamda?sslmode=prefer").value();
    CHECK(parts.at("user") == "us@er");
    CHECK(parts.at("password") == "p/w#");
    CHECK(parts.at("host") == "127.0.0.1,db.example");
    CHECK(parts.at("port") == "1,5433");
    CHECK(parts.at("sslmode") == "prefer");
    CHECK(parse_dsn("postgresql://h/db?").value().at("dbname") == "db");
    CHECK(parse_dsn("host=/run/postgresql dbname=lamda").value().at("host") == "/run/postgresql");
    CHECK(parse_dsn("postgres://h/db?options=-c%20search_path%3Dpg_catalog").ok());
    CHECK(parse_dsn("postgres://").ok());  // libpq's own defaults
}

TEST_CASE("dsn_text is read back as the same parts, with any character in the password") {
    const DsnParts parts{{"host", "h"}, {"password", R"(it's \ "all" %& here)"}, {"dbname", "a b"}};
    CHECK(parse_dsn(dsn_text(parts)).value() == parts);
}

TEST_CASE("a DSN that libpq can never use is refused without quoting its password") {
    for (const char* dsn :
         {"lamda:s3cretpw@h:5432/db", "postgresql+psycopg2://lamda:s3cretpw@h/db",
          "jdbc:postgresql://h/db?password=s3cretpw", "mysql://lamda:s3cretpw@h/db",
          "postgres://lamda:s3cret/pw@h/db", "postgres://lamda:s3cret%pw@h/db",
          "postgres://lamda:s3cretpw@h/db?schema=public", "postgres://lamda:a/b?s3cret=w@h/db",
          "\"postgres://lamda:s3cretpw@h/db\"", "postgres://lamda:s3cretpw@h/db?sslmode=no-verify",
          "postgres://lamda:s3cretpw@h:70000/db", "postgres://lamda:s3cretpw@h/db?connect_timeout=soon",
          "s3cretpw", "", "postgres://lamda:s3cretpw@h/db?target_session_attrs=master"}) {
        INFO(dsn);
        const auto refused = parse_dsn(dsn);
        REQUIRE_FALSE(refused);
        CHECK_FALSE(refused.error().message.empty());
        CHECK(refused.error().message.find("s3cret") == std::string::npos);
    }
    CHECK(parse_dsn("postgres://h/db?schema=public").error().message.find("schema") != std::string::npos);
}
