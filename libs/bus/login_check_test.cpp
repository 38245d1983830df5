#include "bus/login_check.hpp"

#include <catch2/catch.hpp>

#include "bus/bus.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::bus;

TEST_CASE("an open server is distinguished from one that requires a login, and from none") {
    const testkit::TempDir dir("login-check");
    const testkit::NatsServer open(dir.path() + "/open");
    const testkit::NatsServer closed(dir.path() + "/closed", {});
    const auto with_login = [](std::string url) {
        return url.insert(std::string("nats://").size(), "user:secret@");
    };
    const std::string no_server = "nats://127.0.0.1:" + std::to_string(testkit::free_port());

    // Servers that are starting or slow do not answer yet.
    const auto becomes = [](const std::string& url, LoginCheck wanted) {
        return testkit::wait_until([&] { return check_login(url) == wanted; });
    };
    // An open server accepts any login, so its acceptance shows nothing.
    CHECK(becomes(with_login(open.url()), LoginCheck::kNotAsked));
    CHECK(becomes(open.url(), LoginCheck::kNotAsked));
    CHECK(becomes(closed.url(), LoginCheck::kAsked));
    CHECK(becomes(closed.url("registry"), LoginCheck::kAsked));
    CHECK(check_login(no_server) == LoginCheck::kNoAnswer);
    // One open server is enough.
    CHECK(becomes(no_server + "," + open.url(), LoginCheck::kNotAsked));
    CHECK(check_login(no_server + "," + with_login(no_server)) == LoginCheck::kNoAnswer);
    CHECK_THROWS_AS(check_login("http://127.0.0.1"), Refused);
}
