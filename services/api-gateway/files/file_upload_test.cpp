// Tests of POST /api/files against a content store, one that answers wrong, and none.
#include <catch2/catch.hpp>

#include "http/testing/raw_client.hpp"
#include "ipfs/testing/answering_server.hpp"
#include "ipfs/testing/some_bytes.hpp"
#include "ipfs/unixfs.hpp"
#include "services/api-gateway/testing/test_wallet.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

std::string cid_of(const std::string& content) {
    ipfs::FileBuilder builder;
    builder.write(as_bytes(content));
    return builder.finish().cid.to_string();
}

Config with_api(const std::string& url) {
    auto out = sign_in_config();
    out.ipfs_api_url = url;
    out.files_max_bytes = 8U << 20;
    return out;
}

struct UploadScene {
    explicit UploadScene(const std::function<void(Config&)>& change = [](Config&) {})
        : gateway([&] {
              auto out = with_api(store.url());
              change(out);
              return out;
          }()) {}

    Answer upload(const std::string& content, net::Headers headers = bearer("operator-token")) {
        return gateway.send("POST", "/api/files", content, headers);
    }

    testkit::TempDir dir{"upload"};
    testkit::ContentStore store{dir.path()};
    Gateway gateway;
};

std::string code_of(const Answer& answer) {
    return answer.body.is_object() ? answer.body.value("code", "") : "";
}

}  // namespace

TEST_CASE("an uploaded file has the CID of its content, and is downloaded by it") {
    UploadScene scene;
    for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{3'000'000}}) {
        const auto content = ipfs::some_bytes(size);
        const auto answer = scene.upload(content);
        INFO(size << answer.raw.body);
        REQUIRE(answer.status == 201);
        CHECK(answer.body == json{{"cid", cid_of(content)}, {"bytes", size}});
        const auto location = answer.raw.header("Location").value_or("");
        CHECK(location == "/api/files/" + cid_of(content));
        CHECK(scene.gateway.get(location).raw.body == content);
        // The same content again: the same answer.
        CHECK(scene.upload(content).body == answer.body);
    }
}

TEST_CASE("any content type is stored as it is, also in chunks") {
    UploadScene scene;
    http::RawClient client(scene.gateway.port);
    const std::string head =
        "POST /api/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer operator-token\r\nContent-Type: "
        "text/html\r\n";
    const auto answer =
        client.ask(head + "Transfer-Encoding: chunked\r\n\r\n5\r\n<html\r\n1\r\n>\r\n0\r\n\r\n");
    CHECK(answer.status == 201);
    CHECK(json::parse(answer.body) == json{{"cid", cid_of("<html>")}, {"bytes", 6}});
    CHECK(client.ask(head + "Content-Length: 1\r\nContent-Encoding: gzip\r\n\r\nx").status == 415);
}

TEST_CASE("a wallet's session and a key with files:write may upload, and no other caller") {
    UploadScene scene;
    const auto session = TestWallet(1).sign_in(scene.gateway);
    CHECK(scene.upload("a", bearer(session)).status == 201);
    const auto made = scene.gateway.send(
        "POST", "/api/keys", json{{"name", "k"}, {"scopes", {"files:write"}}}.dump(), bearer(session));
    REQUIRE(made.status == 201);
    CHECK(scene.upload("b", bearer(made.body.at("key").get<std::string>())).status == 201);
    CHECK(scene.upload("c", {}).status == 401);
    CHECK(scene.gateway.get("/api/files/" + cid_of("c")).status == 503);
}

TEST_CASE("uploads are counted for each client, each wallet and in total, before they are read") {
    UploadScene scene([](Config& config) {
        config.upload_quota.client = 5U << 20;
        config.upload_quota.account = 3U << 20;
        config.upload_quota.total = 40U << 20;
    });
    const auto from = [&](const std::string& token, const std::string& client, std::size_t size) {
        auto headers = bearer(token);
        headers.emplace_back("X-Forwarded-For", client);
        return scene.upload(ipfs::some_bytes(size), headers);
    };
    const auto first = TestWallet(1).sign_in(scene.gateway);
    const auto second = TestWallet(2).sign_in(scene.gateway);
    CHECK(from(first, "192.0.2.1", 3U << 20).status == 201);
    const auto refused = from(first, "192.0.2.2", 1);
    CHECK(refused.status == 429);
    CHECK(code_of(refused) == "upload_quota_account");
    CHECK(refused.raw.header("Retry-After"));
    CHECK(from(second, "192.0.2.1", 2U << 20).status == 201);
    CHECK(code_of(from(second, "192.0.2.1", 1)) == "upload_quota_client");
    CHECK(from(second, "192.0.2.3", 1U << 20).status == 201);
    // The operator's own uploads are not counted.
    CHECK(scene.upload(ipfs::some_bytes(6U << 20)).status == 201);
}

TEST_CASE("a file that is too large is refused, announced or not") {
    UploadScene scene([](Config& config) { config.files_max_bytes = 10; });
    CHECK(scene.upload("0123456789").status == 201);
    CHECK(code_of(scene.upload("0123456789a")) == "body_too_large");
    http::RawClient client(scene.gateway.port);
    const auto answer = client.ask(
        "POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer operator-token\r\nTransfer-Encoding: "
        "chunked\r\n\r\n5\r\n01234\r\n6\r\n567890\r\n0\r\n\r\n");
    CHECK(answer.status == 413);
}

TEST_CASE("a store that is absent, that fails or that computes another CID stores nothing") {
    Gateway without(sign_in_config());
    const auto absent = without.send("POST", "/api/files", "text", bearer("operator-token"));
    CHECK(absent.status == 503);
    CHECK(code_of(absent) == "no_content_store");
    std::string key = cid_of("other");
    int status = 200;
    ipfs::AnsweringServer store(
        [&](const auto&) -> ipfs::AnsweringServer::Answer { return {status, json{{"Key", key}}.dump()}; });
    Gateway gateway(with_api(store.url()));
    const auto other = gateway.send("POST", "/api/files", "text", bearer("operator-token"));
    CHECK(other.status == 502);
    CHECK(code_of(other) == "store_mismatch");
    CHECK_FALSE(other.raw.header("Location"));
    status = 500;
    const auto failed = gateway.send("POST", "/api/files", "text", bearer("operator-token"));
    CHECK(failed.status == 503);
    CHECK(code_of(failed) == "content_store_unavailable");
    CHECK(failed.raw.header("Retry-After"));
}
