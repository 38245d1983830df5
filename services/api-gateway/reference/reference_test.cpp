#include "services/api-gateway/reference/reference.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <regex>

#include "core/bytes.hpp"
#include "crypto/digest.hpp"
#include "crypto/seal.hpp"
#include "http/testing/raw_client.hpp"
#include "http/testing/server.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

/// Form of hashes in a Content-Security-Policy: base64 with padding.
std::string base64(const Bytes32& digest) {
    std::string out = crypto::to_base64url(digest.array()) + "=";
    std::replace(out.begin(), out.end(), '-', '+');
    std::replace(out.begin(), out.end(), '_', '/');
    return out;
}

std::string between(std::string_view text, std::string_view begin, std::string_view end) {
    const auto from = text.find(begin) + begin.size();
    return std::string(text.substr(from, text.find(end, from) - from));
}

}  // namespace

TEST_CASE("/openapi.json is the contract, /docs a page of it; both can be cached") {
    telemetry::Metrics metrics;
    const SystemClock clock;
    http::ServerConfig config = http::without_deadlines();
    config.validators = true;
    http::Server server(config, clock, telemetry::Log::none(), metrics);
    add_reference(server);
    http::RawClient client(server.start());
    const auto contract = client.ask(http::get("/openapi.json"));
    CHECK(contract.has("Content-Type: application/json"));
    const auto document = nlohmann::json::parse(contract.body);
    CHECK(document["openapi"].get<std::string>().starts_with("3.1."));
    const auto page = client.ask(http::get("/docs"));
    CHECK(page.has("Content-Type: text/html; charset=utf-8"));
    CHECK(page.has("Content-Security-Policy: " + std::string(reference_policy())));
    CHECK(page.head.find("ETag") != std::string::npos);
    for (const auto& [path, methods] : document["paths"].items()) {
        for (const auto& [method, operation] : methods.items()) {
            INFO(method << " " << path);
            CHECK(page.body.find("<section id=\"" + operation["operationId"].get<std::string>() + "\"") !=
                  std::string::npos);
        }
    }
    for (const auto& [name, schema] : document["components"]["schemas"].items()) {
        INFO(name);
        CHECK(page.body.find("<section id=\"schema-" + name + "\"") != std::string::npos);
    }
}

TEST_CASE("the page's policy allows its own style and script by hash, and the page needs nothing else") {
    const auto page = reference_page();
    const auto policy = std::string(reference_policy());
    CHECK(policy.starts_with("default-src 'none'; "));
    for (const auto& text : {between(page, "<style>", "</style>"), between(page, "<script>", "</script>")}) {
        REQUIRE(text.size() > 100);
        CHECK(policy.find("'sha256-" + base64(crypto::sha256(as_bytes(text))) + "'") != std::string::npos);
    }
    for (const char* foreign :
         {" src=", " style=", "<link", "<iframe", "<img", "@import", "url(", " onclick"}) {
        INFO(foreign);
        CHECK(page.find(foreign) == std::string_view::npos);
    }
    INFO("every link leads to a part of the page, or to the contract");
    const std::string text(page);
    const std::regex link("href=\"([^\"]*)\"");
    for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at) {
        const std::string target = (*at)[1];
        INFO(target);
        CHECK(
            (target == "openapi.json" ||
             (target.starts_with("#") && text.find("id=\"" + target.substr(1) + "\"") != std::string::npos)));
    }
}
