// Trees of files from hostile and honest blocks, written to disk.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <limits>
#include <map>

#include "crypto/digest.hpp"
#include "ipfs/content_store.hpp"
#include "ipfs/testing/block_server.hpp"
#include "ipfs/testing/files.hpp"
#include "net/http_client.hpp"
#include "testkit/memory_dir.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::ipfs;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("a tree that breaks a rule is refused, and no file remains") {
    testkit::TempDir dir("fetch");
    net::HttpClient http;
    BlockServer block_server;
    ContentStore store({.api_url = "", .gateways = {block_server.url()}}, http);
    const Cid text = block_server.add_text("text");
    const auto refused = [&](const Cid& cid, std::uint64_t most = kNoLimit) -> std::string {
        const auto before = tree(dir.path());
        std::string how = "fetched";
        try {
            store.fetch(cid, dir.path() + "/in", most);
        } catch (const Mismatch&) {
            how = "mismatch";
        } catch (const TooLarge&) {
            how = "too large";
        } catch (const Unavailable&) {
            how = "unavailable";
        }
        CHECK(tree(dir.path()) == before);
        return how;
    };
    for (const auto& name :
         {std::string(".."), std::string("."), std::string(""), std::string("../out"), std::string("/etc/x"),
          std::string("a/b"), std::string("a\0b", 3), std::string(256, 'n')}) {
        INFO("name: " << name);
        CHECK(refused(block_server.add_directory({{"first", text, 4}, {name, text, 4}})) == "mismatch");
    }
    CHECK(refused(block_server.add_directory({{"a", text, 4}, {"a", text, 4}})) == "mismatch");
    CHECK(refused(block_server.add_file({text, text}, {4, 5})) == "mismatch");
    CHECK(refused(block_server.add_file({text, block_server.add_directory({})}, {4, 0})) == "mismatch");
    CHECK(refused(block_server.add(CidCodec::kDagPb, {1, 2, 3})) == "mismatch");
    CHECK(refused(block_server.add(CidCodec::kDagPb, from_hex("0a0708041203616263").value())) ==
          "mismatch");  // a symlink
    CHECK(refused(block_server.add_directory({{"here", text, 4}, {"missing", Cid(CidCodec::kRaw, {}), 4}})) ==
          "unavailable");

    SECTION("a file whose declared size is too large is not begun") {
        const Cid missing(CidCodec::kRaw, {});
        CHECK(refused(block_server.add_file({missing, missing}, {1'000'000, 1'000'000}), 1'999'999) ==
              "too large");
    }
    SECTION("the sizes of all files are added") {
        const Cid three = block_server.add_directory({{"a", text, 4}, {"b", text, 4}, {"c", text, 4}});
        CHECK(refused(three, 11) == "too large");
        store.fetch(three, dir.path() + "/in", 12);
        CHECK(tree(dir.path() + "/in").size() == 3);
    }
    SECTION("no deeper than 32 levels") {
        Cid folder = block_server.add_directory({});
        for (int i = 0; i < 32; ++i) {
            folder = block_server.add_directory({{"d", folder, 0}});
        }
        store.fetch(folder, dir.path() + "/deep", kNoLimit);
        CHECK(refused(block_server.add_directory({{"d", folder, 0}})) == "mismatch");
    }
}

TEST_CASE(
    "a tree of unlimited size in a few blocks is refused before much is fetched, and a good tree is not") {
    const testkit::MemoryDir dir;  // a hundred thousand files
    net::HttpClient http;
    BlockServer block_server;
    ContentStore store({.api_url = "", .gateways = {block_server.url()}}, http);
    const Cid text = block_server.add_text("text");
    const Cid empty = block_server.add_text("");
    constexpr std::size_t kWide = 1'000;
    const auto file_of = [&](const Cid& part, std::uint64_t size) {
        return block_server.add_file(std::vector<Cid>(kWide, part), std::vector<std::uint64_t>(kWide, size));
    };
    const auto folder_of = [&](const Cid& entry) {
        std::vector<Link> links;
        for (std::size_t i = 0; i < kWide; ++i) {
            links.push_back({std::to_string(kWide + i), entry, 0});
        }
        return block_server.add_directory(links);
    };
    struct Case {
        std::string scenario;
        Cid root;
        std::string reason;
        int most_requests;
    };
    Bytes padded;  // a file without content, with a time of modification of a megabyte
    detail::put_number(padded, 1, 2);
    detail::put_bytes(padded, 8, Bytes(1U << 20, 0));
    Bytes padded_node;
    detail::put_bytes(padded_node, 1, padded);
    const Cid no_content = block_server.add(CidCodec::kDagPb, padded_node);
    const std::vector<Case> cases{
        {"a file of 10^9 links to nothing", file_of(file_of(file_of(empty, 0), 0), 0), "blocks", 300},
        {"a file of 10^9 bytes in three blocks",
         file_of(file_of(file_of(block_server.add_text("x"), 1), 1'000), 1'000'000), "bytes than are allowed",
         1},
        {"10^9 files in three folders", folder_of(folder_of(folder_of(empty))), "files and folders", 200},
        {"a thousand nodes of a megabyte, without content", file_of(no_content, 0), "describe the files",
         80}};
    for (const auto& one : cases) {
        INFO(one.scenario);
        const int before = block_server.requests();
        try {
            store.fetch(one.root, dir.path + "/in", 1'000'000);
            FAIL("fetched");
        } catch (const TooLarge& error) {
            CHECK_THAT(error.what(), Catch::Matchers::Contains(one.reason));
        }
        CHECK(block_server.requests() - before <= one.most_requests);
        CHECK(fs::is_empty(dir.path));
    }
    store.fetch(block_server.add_directory({{"a", text, 4}, {"b", empty, 0}}), dir.path + "/in", 1'000'000);
    CHECK(tree(dir.path + "/in").size() == 2);
}

TEST_CASE("a sharded folder that lies about its shards is refused, and no file remains") {
    testkit::TempDir dir("fetch");
    net::HttpClient http;
    BlockServer block_server;
    ContentStore store({.api_url = "", .gateways = {block_server.url()}}, http);
    const Cid text = block_server.add_text("text");
    const auto shard = [&](const std::vector<Link>& links, std::uint64_t fanout = 256) {
        return block_server.add_shard(links, fanout);
    };
    Cid deep = shard({{"00name", text, 4}});
    for (int i = 0; i < 33; ++i) {
        deep = shard({{"00", deep, 0}});
    }
    struct Case {
        std::string scenario;
        Cid root;
        std::string reason;
    };
    const std::vector<Case> cases{
        {"no fanout", shard({{"00a", text, 4}}, 0), "another fanout"},
        {"a fanout of 16, with one digit", shard({{"0a", text, 4}}, 16), "another fanout"},
        {"a fanout of 2^63", shard({{"00a", text, 4}}, std::uint64_t{1} << 63), "another fanout"},
        {"a shard of another fanout below", shard({{"00", shard({{"00a", text, 4}}, 8), 0}}),
         "another fanout"},
        {"a file in place of a shard", shard({{"00", text, 4}}), "not a shard"},
        {"a folder in place of a shard", shard({{"00", block_server.add_directory({{"a", text, 4}}), 0}}),
         "is not a shard"},
        {"one name in two shards",
         shard({{"00", shard({{"00a", text, 4}}), 0}, {"01", shard({{"01a", text, 4}}), 0}}),
         "forbidden or duplicate name"},
        {"a name that climbs out", shard({{"00../out", text, 4}}), "forbidden or duplicate name"},
        {"a name without its digits", shard({{"a", text, 4}}), "forbidden or duplicate name"},
        {"deeper than 32 shards", deep, "levels deep"}};
    for (const auto& one : cases) {
        INFO(one.scenario);
        try {
            store.fetch(one.root, dir.path() + "/in", kNoLimit);
            FAIL("fetched");
        } catch (const Mismatch& error) {
            CHECK_THAT(error.what(), Catch::Matchers::Contains(one.reason));
        }
        CHECK(fs::is_empty(dir.path()));
    }
    store.fetch(shard({{"00", shard({{"00a", text, 4}}), 0}, {"01b", text, 4}}), dir.path() + "/in",
                kNoLimit);
    CHECK(tree(dir.path() + "/in") == std::map<std::string, std::string>{{"a", "text"}, {"b", "text"}});
}

TEST_CASE("fetched files have plain modes, and existing files and links are never used") {
    testkit::TempDir dir("fetch");
    net::HttpClient http;
    BlockServer block_server;
    ContentStore store({.api_url = "", .gateways = {block_server.url()}}, http);
    const Cid text = block_server.add_text("text");
    const Cid folder = block_server.add_directory(
        {{"file", text, 4},
         {"sub", block_server.add_directory({{"empty", Cid(CidCodec::kRaw, crypto::sha256({})), 0}}), 0}});

    store.fetch(text, dir.path() + "/file", 4);
    CHECK(read(dir.path() + "/file") == "text");
    struct stat info{};
    REQUIRE(::stat((dir.path() + "/file").c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0644);

    fs::create_directory(dir.path() + "/given");
    store.fetch(folder, dir.path() + "/given", kNoLimit);
    CHECK(tree(dir.path() + "/given") ==
          std::map<std::string, std::string>{{"file", "text"}, {"sub/", ""}, {"sub/empty", ""}});

    // A non-empty folder, a file and a link: unchanged.
    CHECK_THROWS_AS(store.fetch(folder, dir.path() + "/given", kNoLimit), std::system_error);
    CHECK(read(dir.path() + "/given/file") == "text");
    CHECK_THROWS_AS(store.fetch(text, dir.path() + "/file", kNoLimit), std::system_error);
    fs::create_symlink(dir.path() + "/outside", dir.path() + "/link");
    CHECK_THROWS_AS(store.fetch(text, dir.path() + "/link", kNoLimit), std::system_error);
    CHECK_FALSE(fs::exists(dir.path() + "/outside"));
}
