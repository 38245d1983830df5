#include "bus/server_list.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::bus;

TEST_CASE("NATS_URL: servers without their login, and the login percent-decoded") {
    const auto one = parse_servers("nats://us%40er:p%2Fw%23@nats.example:4222, tls://[::1]:4223/").value();
    CHECK(one.urls == std::vector<std::string>{"nats://nats.example:4222", "tls://[::1]:4223"});
    CHECK(one.user == "us@er");
    CHECK(one.password == "p/w#");
    CHECK(one.token.empty());
    const auto token = parse_servers("nats://S3cr3t-Token@h:4222,nats://S3cr3t-Token@i").value();
    CHECK(token.token == "S3cr3t-Token");
    CHECK(token.user.empty());
    CHECK(token.urls == std::vector<std::string>{"nats://h:4222", "nats://i"});
    CHECK(parse_servers("nats://localhost").value().urls == std::vector<std::string>{"nats://localhost"});
}

TEST_CASE("NATS_URL: an unusable URL is refused without quoting its login") {
    for (const char* text :
         {"", " , ", "foo", "localhost:4222", "http://u:s3cret@h:4222", "nats://", "nats://u:s3cret@",
          "nats://u:s3cret@h:0", "nats://u:s3cret@h:99999", "nats://u:s3cret@h:4222x", "nats://u:s3%cret@h",
          "nats://:s3cret@h", "nats://u:s3%00cret@h", "nats://u:s3cret/x@h/y", "nats://a b",
          "\"nats://u:s3cret@h\"", "nats://u:s3cret@h,nats://v:s3cret@h", "nats://h:4222 nats://i:4222"}) {
        INFO(text);
        const auto refused = parse_servers(text);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.find("s3") == std::string::npos);
    }
}
