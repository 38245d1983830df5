#include "ipfs/content_store.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <utility>

#include "crypto/digest.hpp"
#include "ipfs/testing/block_server.hpp"
#include "ipfs/testing/files.hpp"
#include "ipfs/testing/put_text.hpp"
#include "ipfs/testing/some_bytes.hpp"
#include "ipfs/unixfs.hpp"
#include "net/http_client.hpp"
#include "testkit/process.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::ipfs;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

/// The content store of the local network: an independent implementation.
struct ReferenceStore {
    testkit::TempDir dir{"content-store"};
    testkit::ContentStore store{dir.path()};
    std::string url() const { return store.url(); }
};

/// Sources that answer some URLs; the others time out at once.
class ScriptedTransport final : public net::Transport {
  public:
    std::map<std::string, std::string> answers;

    net::HttpResponse send(const net::HttpRequest& request) override {
        requests_.push_back(request);
        const auto found = answers.find(request.url);
        if (found == answers.end()) {
            throw net::TransportError(net::TransportError::Kind::kTimeout, "timeout");
        }
        net::HttpResponse out;
        out.status = 200;
        out.body = found->second;
        return out;
    }
    std::unique_ptr<net::Exchanges> exchanges() override { return nullptr; }

    std::vector<std::string> asked() {
        std::vector<std::string> out;
        for (const auto& request : std::exchange(requests_, {})) {
            out.push_back(request.url);
        }
        return out;
    }
    std::vector<Millis> timeouts() {
        std::vector<Millis> out;
        for (const auto& request : std::exchange(requests_, {})) {
            out.push_back(request.timeout);
        }
        return out;
    }

  private:
    std::vector<net::HttpRequest> requests_;
};

}  // namespace

TEST_CASE("a block is accepted from any source that has it, if it matches its CID") {
    net::HttpClient http;
    BlockServer honest;
    const Cid cid = honest.add_text("hello lamda\n");
    AnsweringServer liar([](const auto&) -> AnsweringServer::Answer { return {200, "hello lamdb\n"}; });
    AnsweringServer giant(
        [](const auto&) -> AnsweringServer::Answer { return {200, std::string(3U << 20, 'x')}; });
    AnsweringServer broken([](const auto&) -> AnsweringServer::Answer { return {500, "hello lamda\n"}; });
    const std::string nobody = "http://127.0.0.1:" + std::to_string(testkit::free_port());

    const auto from = [&](std::vector<std::string> gateways, std::string api = "") {
        return as_string(
            ContentStore({.api_url = std::move(api), .gateways = std::move(gateways)}, http).block(cid));
    };
    CHECK(from({honest.url()}) == "hello lamda\n");
    CHECK(from({honest.url() + "/ipfs/"}) == "hello lamda\n");
    CHECK(from({nobody, broken.url(), liar.url(), giant.url(), honest.url()}) == "hello lamda\n");
    // Wrong or too many bytes are a fault of the source, whichever other source is unavailable, not of the
    // content.
    CHECK_THROWS_AS(from({liar.url(), broken.url()}), WrongBytes);
    CHECK_THROWS_AS(from({liar.url()}), WrongBytes);
    CHECK_THROWS_AS(from({giant.url(), nobody}), WrongBytes);
    CHECK_THROWS_AS(from({broken.url(), liar.url()}, giant.url()), WrongBytes);
    CHECK_THROWS_AS(from({broken.url(), nobody}), Unavailable);
    CHECK_THROWS_AS(from({}), Unavailable);

    AnsweringServer api([&](const auto& request) -> AnsweringServer::Answer {
        return {request.has("POST /api/v0/block/get?arg=" + cid.to_string() + " ") ? 200 : 400,
                "hello lamda\n"};
    });
    CHECK(from({nobody}, api.url()) == "hello lamda\n");
    for (const auto* end : {"/", "/api/v0", "/api/v0/", "//"}) {
        CHECK(from({}, api.url() + end) == "hello lamda\n");
    }
}

TEST_CASE("a block that the API has is read from it, whether the gateways answer or not") {
    ScriptedTransport http;
    const ContentConfig config{
        .api_url = "http://api", .gateways = {"http://gateway"}, .longest = Millis(9'000)};
    const Cid cid(CidCodec::kRaw, crypto::sha256(as_bytes("content")));
    ContentStore store(config, http);
    const std::string own = "http://api/api/v0/block/get?arg=" + cid.to_string() + "&offline=true";
    const std::string gateway = "http://gateway/ipfs/" + cid.to_string() + "?format=raw";
    const std::string anywhere = "http://api/api/v0/block/get?arg=" + cid.to_string();
    using Urls = std::vector<std::string>;
    http.answers = {{own, "content"}};
    CHECK(as_string(store.block(cid)) == "content");
    CHECK(http.asked() == Urls{own});
    http.answers = {{gateway, "content"}};
    CHECK(as_string(store.block(cid)) == "content");
    CHECK(http.asked() == Urls{own, gateway});
    http.answers = {{anywhere, "content"}};
    CHECK(as_string(store.block(cid)) == "content");
    CHECK(http.asked() == Urls{own, gateway, anywhere});
}

TEST_CASE("all sources of a block share the time, so that each is asked") {
    ScriptedTransport http;
    ContentStore store({.api_url = "http://api",
                        .gateways = {"http://one", "http://two"},
                        .timeout = Millis(15'000),
                        .longest = Millis(20'000)},
                       http);
    const Cid cid(CidCodec::kRaw, {});
    CHECK_THROWS_AS(store.block(cid), Unavailable);
    // The more time the earlier ones leave, the more the later ones have.
    const auto times = http.timeouts();
    REQUIRE(times.size() == 4);
    CHECK(times[0] <= Millis(5'000));
    CHECK(times[1] <= Millis(6'667));
    CHECK(times[2] <= Millis(10'000));
    CHECK(times[3] <= Millis(15'000));
    CHECK_THROWS_AS(store.block(cid, {}, Millis(4'000)), Unavailable);
    const auto shorter = http.timeouts();
    REQUIRE(shorter.size() == 4);
    CHECK(shorter[0] <= Millis(1'000));
    CHECK(shorter[3] <= Millis(4'000));
    // Without time left each source has 1 ms: a time-out of 0 would be none.
    CHECK_THROWS_AS(store.block(cid, {}, Millis(0)), Unavailable);
    CHECK(http.timeouts() == std::vector<Millis>(4, Millis(1)));
}

TEST_CASE("a block is too large only if it matches the CID") {
    net::HttpClient http;
    BlockServer block_server;
    const Cid cid = block_server.add_text(std::string((2U << 20) + 1, 'x'));
    ContentStore store({.api_url = "", .gateways = {block_server.url()}}, http);
    CHECK_THROWS_AS(store.block(cid), TooLarge);
}

TEST_CASE("another CID from a store is a mismatch; a failure of a store is unavailable") {
    testkit::TempDir dir("put");
    write(dir.path() + "/out/result", "12\n");
    net::HttpClient http;
    const auto put_into = [&](AnsweringServer::Answer answer) {
        AnsweringServer server([&](const auto&) { return answer; });
        ContentStore({.api_url = server.url(), .gateways = {}}, http).put(dir.path() + "/out");
    };
    const std::string other = Cid(CidCodec::kRaw, {}).to_string();
    CHECK_THROWS_AS(put_into({200, "{\"Key\":\"" + other + "\",\"Size\":3}\n"}), Mismatch);
    CHECK_THROWS_AS(put_into({200, "{}\n"}), Unavailable);
    CHECK_THROWS_AS(put_into({200, ""}), Unavailable);
    CHECK_THROWS_AS(put_into({200, "not JSON"}), Unavailable);
    CHECK_THROWS_AS(put_into({500, "{\"Message\":\"disk full\"}"}), Unavailable);
    ContentStore nowhere({.api_url = "", .gateways = {}}, http);
    CHECK_THROWS_AS(nowhere.put(dir.path() + "/out"), Unavailable);
    fs::create_symlink("/etc/passwd", dir.path() + "/out/link");
    CHECK_THROWS_AS(put_into({200, ""}), std::invalid_argument);
}

TEST_CASE("the reference store computes the same CIDs as we do, and returns the same content") {
    ReferenceStore reference;
    testkit::TempDir dir("tree");
    const fs::path out = dir.path() + "/out";
    write(out / "result", "12\n");
    write(out / "empty file", "");
    write(out / "logs/deep/er/x.bin", some_bytes(300'000));
    write(out / "large.bin", some_bytes(5'000'000));
    write(out / "größe-日本.txt", "ß");
    fs::create_directories(out / "nothing/in/here");
    for (int i = 0; i < 300; ++i) {
        write(out / "many" / std::to_string(i), "file " + std::to_string(i));
    }
    net::HttpClient http;
    ContentStore store({.api_url = reference.url(), .gateways = {}}, http);
    const Cid cid = store.put(out.string());
    CHECK(cid == add_path(out.string()).value().cid);

    SECTION("from its API") {
        store.fetch(cid, dir.path() + "/back", kNoLimit);
    }
    SECTION("from its gateway") {
        ContentStore reader({.api_url = "", .gateways = {reference.url()}}, http);
        reader.fetch(cid, dir.path() + "/back", kNoLimit);
    }
    CHECK(tree(dir.path() + "/back") == tree(out));
}

TEST_CASE("files and blocks that are stored alone have their own CID") {
    ReferenceStore reference;
    testkit::TempDir dir("file");
    net::HttpClient http;
    ContentStore store({.api_url = reference.url() + "/api/v0", .gateways = {}}, http);
    write(dir.path() + "/one", "hello lamda\n");
    const Cid hello = Cid::parse("bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pku").value();
    CHECK(store.put(dir.path() + "/one") == hello);
    CHECK(as_string(store.block(hello)) == "hello lamda\n");
    write(dir.path() + "/large", some_bytes(1'000'000));
    const Cid large = store.put(dir.path() + "/large");
    CHECK(large.to_string() == "bafybeiai25fda2j6ccit4s3ftnfsro6qdhbvonclubiglcdohsqdjbptdm");
    store.fetch(large, dir.path() + "/back", 1'000'000);
    CHECK(read(dir.path() + "/back") == some_bytes(1'000'000));
    const Cid block = put_text(store, "a spec");
    CHECK(as_string(store.block(block)) == "a spec");
    CHECK_THROWS_AS(store.block(Cid(CidCodec::kRaw, {})), Unavailable);
}

TEST_CASE("a folder sharded by another implementation is fetched completely, and stored under the same CID") {
    ReferenceStore reference;
    testkit::TempDir dir("shards");
    net::HttpClient http;
    // 1,000 names of 245 bytes exceed the 256 KiB at which folders are split.
    std::map<std::string, std::string> expected;
    net::HttpRequest request;
    request.method = "POST";
    request.url = reference.url() + "/api/v0/add?cid-version=1&raw-leaves=true&wrap-with-directory=true";
    request.headers = {{"Content-Type", "multipart/form-data; boundary=edge"}};
    request.timeout = Millis(60'000);
    for (int i = 0; i < 1000; ++i) {
        const std::string name = std::to_string(10'000 + i) + std::string(240, 'n');
        expected[name] = std::to_string(i);
        request.body += "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name +
                        "\"\r\nContent-Type: application/octet-stream\r\n\r\n" + expected[name] + "\r\n";
    }
    request.body += "--edge--\r\n";
    const auto answer = http.send(request);
    REQUIRE(answer.status == 200);
    const auto key = answer.body.rfind("\"Hash\":\"");
    const auto cid =
        Cid::parse(answer.body.substr(key + 8, answer.body.find('"', key + 8) - key - 8)).value();
    ContentStore store({.api_url = reference.url(), .gateways = {}}, http);
    REQUIRE(parse_node(store.block(cid)).value().type == Node::Type::kHamtShard);
    store.fetch(cid, dir.path() + "/back", kNoLimit);
    CHECK(tree(dir.path() + "/back") == expected);
    // Sharded by us, it is the same folder.
    CHECK(store.put(dir.path() + "/back") == cid);
}

TEST_CASE("stored content is pinned elsewhere only with a token, which appears in no error") {
    net::HttpClient http;
    const Cid cid(CidCodec::kRaw, crypto::sha256(as_bytes("pinned")));
    AnsweringServer api([&](const auto&) -> AnsweringServer::Answer {
        return {200, "{\"Key\":\"" + cid.to_string() + "\"}\n"};
    });
    int status = 200;
    std::string seen;
    AnsweringServer pinata([&](const auto& request) -> AnsweringServer::Answer {
        seen = request.head + "\n" + request.body;
        return {status, "{}"};
    });
    ContentConfig config{.api_url = api.url(), .gateways = {}, .pinata_jwt = "", .pinata_url = pinata.url()};
    const auto put_pinned = [&] {
        ContentStore store(config, http);
        return put_text(store, "pinned");
    };
    put_pinned();
    CHECK(pinata.requests() == 0);

    config.pinata_jwt = "very-secret";
    CHECK(put_pinned() == cid);
    CHECK_THAT(seen, Catch::Matchers::Contains("POST /pinning/pinByHash HTTP/1.1"));
    CHECK_THAT(seen, Catch::Matchers::Contains("Authorization: Bearer very-secret"));
    CHECK_THAT(seen, Catch::Matchers::Contains("{\"hashToPin\":\"" + cid.to_string() + "\"}"));

    status = 401;
    try {
        put_pinned();
        FAIL("a refused pin was not reported");
    } catch (const Unavailable& error) {
        CHECK_THAT(error.what(), !Catch::Matchers::Contains("very-secret"));
    }
}
