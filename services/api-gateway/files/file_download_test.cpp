// Tests of GET /api/files/{cid} against stores that are honest, damaged, cut and absent.
#include <catch2/catch.hpp>

#include "crypto/digest.hpp"
#include "http/testing/raw_client.hpp"
#include "ipfs/testing/block_server.hpp"
#include "ipfs/testing/some_bytes.hpp"
#include "services/api-gateway/testing/gateway_scene.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

constexpr std::size_t kBlock = 262'144;

Config with_store(const std::string& url) {
    auto out = config();
    out.ipfs_gateways = {url};
    return out;
}

struct FileScene {
    ipfs::BlockServer blocks;
    Gateway gateway{with_store(blocks.url())};

    std::string add_file(const std::string& content) {
        ipfs::FileBuilder builder(blocks.sink());
        builder.write(as_bytes(content));
        return builder.finish().cid.to_string();
    }
    Answer get(const std::string& cid, const net::Headers& headers = {}) {
        return gateway.send("GET", "/api/files/" + cid, "", headers);
    }
    std::string code_of(const std::string& cid) { return get(cid).body.value("code", ""); }
};

std::string header(const Answer& answer, const char* name) {
    return answer.raw.header(name).value_or("");
}

}  // namespace

TEST_CASE("a file is sent whole, with its length, its tag and headers that keep a browser from running it") {
    FileScene scene;
    for (const std::size_t size : {std::size_t{0}, std::size_t{5}, 3 * kBlock + 7, 20 * kBlock}) {
        const auto content = ipfs::some_bytes(size);
        const auto cid = scene.add_file(content);
        const auto answer = scene.get(cid);
        INFO(size);
        CHECK(answer.status == 200);
        CHECK(answer.raw.body == content);
        CHECK(header(answer, "Content-Length") == std::to_string(size));
        CHECK(header(answer, "ETag") == "\"" + cid + "\"");
        CHECK(header(answer, "Accept-Ranges") == "bytes");
        CHECK(header(answer, "Cache-Control") == "public, max-age=31536000, immutable");
        CHECK(header(answer, "Content-Disposition") == "attachment; filename=\"" + cid + "\"");
        CHECK(header(answer, "Content-Type") == "application/octet-stream");
        CHECK(header(answer, "X-Content-Type-Options") == "nosniff");
        CHECK(header(answer, "Content-Security-Policy").find("sandbox") != std::string::npos);
        const auto head = scene.gateway.send("HEAD", "/api/files/" + cid);
        CHECK(head.status == 200);
        CHECK(head.raw.body.empty());
        CHECK(header(head, "Content-Length") == std::to_string(size));
    }
}

TEST_CASE("a range is answered with its bytes alone, and one beyond the file is 416") {
    FileScene scene;
    const auto content = ipfs::some_bytes(3 * kBlock);
    const auto cid = scene.add_file(content);
    const auto part = scene.get(cid, {{"Range", "bytes=262140-262150"}});
    CHECK(part.status == 206);
    CHECK(part.raw.body == content.substr(262'140, 11));
    CHECK(header(part, "Content-Range") == "bytes 262140-262150/786432");
    CHECK(header(part, "Content-Length") == "11");
    CHECK(scene.get(cid, {{"Range", "bytes=-10"}}).raw.body == content.substr(content.size() - 10));
    const auto beyond = scene.get(cid, {{"Range", "bytes=786432-"}});
    CHECK(beyond.status == 416);
    CHECK(beyond.body.at("code") == "range_not_satisfiable");
    CHECK(header(beyond, "Content-Range") == "bytes */786432");
    CHECK(scene.get(cid, {{"Range", "bytes=0-1"}, {"If-Range", "\"other\""}}).raw.body == content);
    CHECK(scene.get(cid, {{"Range", "bytes=0-1"}, {"If-Range", "\"" + cid + "\""}}).raw.body ==
          content.substr(0, 2));
}

TEST_CASE("a client that has the file is answered 304 without a store") {
    FileScene scene;
    const auto cid = scene.add_file("content");
    const int before = scene.blocks.requests();
    const auto answer = scene.get(cid, {{"If-None-Match", "\"" + cid + "\""}});
    CHECK(answer.status == 304);
    CHECK(header(answer, "ETag") == "\"" + cid + "\"");
    CHECK(scene.blocks.requests() == before);
    CHECK(scene.get(cid, {{"If-None-Match", "\"other\""}}).status == 200);
    // The asterisk names content that exists: the store is asked for it.
    CHECK(scene.get(cid, {{"If-None-Match", "*"}}).status == 304);
    CHECK(scene.get(Cid(CidCodec::kRaw, {}).to_string(), {{"If-None-Match", "*"}}).status == 503);
}

TEST_CASE("a file counts as an expensive request") {
    ipfs::BlockServer blocks;
    auto settings = with_store(blocks.url());
    settings.rates = {1, 1, 5};
    Gateway gateway(settings);
    const auto answer = gateway.send("GET", "/api/files/" + blocks.add_text("content").to_string(), "",
                                     {{"X-Forwarded-For", "192.0.2.1"}});
    CHECK(answer.raw.body == "content");
    CHECK(header(answer, "RateLimit") == "\"expensive\";r=9;t=1");
}

TEST_CASE("a block that fails its check ends the answer before its announced length") {
    FileScene scene;
    const auto content = ipfs::some_bytes(3 * kBlock);
    const auto cid = scene.add_file(content);
    scene.blocks.damage(Cid(CidCodec::kRaw, crypto::sha256(as_bytes(content.substr(2 * kBlock)))));
    http::RawClient client(scene.gateway.port);
    client.send("GET /api/files/" + cid + " HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(client.read_until("\r\n\r\n").find("Content-Length: 786432\r\n") != std::string::npos);
    CHECK(client.read_bytes(3 * kBlock) == content.substr(0, 2 * kBlock));
    CHECK_THROWS_AS(scene.get(cid), net::TransportError);
    // The blocks before it are served on.
    CHECK(scene.get(cid, {{"Range", "bytes=0-9"}}).raw.body == content.substr(0, 10));
}

TEST_CASE("what is not a readable file is refused with the reason") {
    FileScene scene;
    CHECK(scene.code_of("bafy") == "invalid_request");
    CHECK(scene.get("bafy").body.at("errors")[0].at("code") == "invalid_cid");
    CHECK(scene.get("bafy").status == 400);
    const auto missing = scene.get(Cid(CidCodec::kRaw, {}).to_string());
    CHECK(missing.status == 503);
    CHECK(missing.body.at("code") == "content_unavailable");
    CHECK(header(missing, "Retry-After") == "5");
    CHECK(header(missing, "Cache-Control") == "no-store");
    const auto directory = scene.get(scene.blocks.add_directory({}).to_string());
    CHECK(directory.status == 422);
    CHECK(directory.body.at("code") == "is_directory");
    CHECK(scene.code_of(scene.blocks.add(CidCodec::kDagPb, {1, 2, 3}).to_string()) == "not_a_file");
    CHECK(scene.code_of(scene.blocks.add(CidCodec::kRaw, Bytes((2U << 20) + 1)).to_string()) ==
          "unreadable_file");
}

TEST_CASE("without a configured store there are no files") {
    Gateway gateway;
    const auto answer = gateway.get("/api/files/" + Cid(CidCodec::kRaw, {}).to_string());
    CHECK(answer.status == 503);
    CHECK(answer.body.at("code") == "no_content_store");
}

TEST_CASE("clients that do not read hold few downloads, and free them when they go") {
    FileScene scene;
    const auto cid = scene.add_file(ipfs::some_bytes(40 * kBlock));
    const auto small = scene.add_file("small");
    const auto of_client = [](int n) { return "X-Forwarded-For: 192.0.2." + std::to_string(n) + "\r\n"; };
    std::vector<std::unique_ptr<http::RawClient>> readers;
    const auto begin = [&](int client) {
        readers.push_back(std::make_unique<http::RawClient>(scene.gateway.port));
        readers.back()->send("GET /api/files/" + cid + " HTTP/1.1\r\nHost: x\r\n" + of_client(client) +
                             "\r\n");
        return readers.back()->read_until("\r\n").find(" 200 ") != std::string::npos;
    };
    for (std::size_t i = 0; i < Downloads::kMostOfClient; ++i) {
        REQUIRE(begin(1));
    }
    CHECK_FALSE(begin(1));  // its share
    CHECK(scene.get(small, {{"X-Forwarded-For", "192.0.2.2"}}).raw.body == "small");
    for (std::size_t i = Downloads::kMostOfClient; i < Downloads::kMost; ++i) {
        REQUIRE(begin(static_cast<int>(2 + i / Downloads::kMostOfClient)));
    }
    const auto refused = scene.get(small);
    CHECK(refused.status == 503);
    CHECK(refused.body.at("code") == "too_many_downloads");
    // Clients that go free their slots.
    readers.clear();
    CHECK(testkit::wait_until([&] { return scene.get(small).status == 200; }));
}
