#include "tools/cli/curl_command.hpp"

#include <catch2/catch.hpp>

#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::cli;

namespace {

/// Returns the arguments that the shell gives to curl, one a line in brackets.
std::string arguments_of(const std::string& line) {
    testkit::ProcessSpec spec;
    spec.argv = {"sh", "-c",
                 R"(curl() { printf '[%s]\n' "$@"; }; TOKEN='a b$c'; LAMDA_API_URL=http://u:p@x; )" + line};
    const auto done = testkit::run(spec);
    REQUIRE(done.status == 0);
    return done.output;
}

net::HttpRequest post(std::string body) {
    net::HttpRequest request;
    request.method = "POST";
    request.body = std::move(body);
    return request;
}

}  // namespace

TEST_CASE("a shell passes every text to curl unchanged") {
    for (const std::string text :
         {"plain", "it's", "''", "$HOME `id` $(id) \\ \" ! * ~", "a\nb", "$TOKENS", "\xc3\xa9"}) {
        INFO(text);
        CHECK(arguments_of(curl_command("http://x", "/p?q=" + text, post(text))) ==
              "[-sS]\n[-X]\n[POST]\n[--data-binary]\n[" + text + "]\n[http://x/p?q=" + text + "]\n");
    }
}

TEST_CASE("a named variable is left for the shell, and its value is one word") {
    auto request = post(R"({"signature":"$TOKEN","it's":1})");
    request.headers = {{"Authorization", "Bearer $TOKEN"}};
    const auto line = curl_command("http://x", "/p", request, {{"TOKEN"}, {"TOKEN"}});
    CHECK(line.find(R"('Authorization: Bearer '"$TOKEN")") != std::string::npos);
    CHECK(arguments_of(line) ==
          "[-sS]\n[-X]\n[POST]\n[-H]\n[Authorization: Bearer a b$c]\n[--data-binary]\n"
          "[{\"signature\":\"a b$c\",\"it's\":1}]\n[http://x/p]\n");
}

TEST_CASE("a GET has neither method nor body, a streamed answer is not buffered, a login is not shown") {
    net::HttpRequest request;
    CHECK(curl_command("http://x", "/p", request) == "curl -sS 'http://x/p'");
    request.on_data = [](BytesView) { return true; };
    const auto line = curl_command("http://u:p@x", "/p", request);
    CHECK(line == R"(curl -sS -N "$LAMDA_API_URL"'/p')");
    CHECK(arguments_of(line) == "[-sS]\n[-N]\n[http://u:p@x/p]\n");
}
