// Fetches that are cut, and go on from the verified blocks that are on disk.
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "ipfs/content_store.hpp"
#include "ipfs/testing/block_server.hpp"
#include "ipfs/testing/some_bytes.hpp"
#include "net/http_client.hpp"
#include "testkit/patience.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::ipfs;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMost = 1ULL << 30;

/// A tree on disk and its blocks in a gateway. It has files of one and many blocks, folders, and a sharded
/// one.
struct Tree {
    testkit::TempDir dir{"resume"};
    BlockServer server;
    net::HttpClient http;
    ContentStore store{{.api_url = "", .gateways = {server.url()}, .timeout = testkit::kCallTimeout}, http};
    std::string path = dir.path() + "/fetched";
    Cid root = build();

    Cid build() {
        const fs::path at = dir.path() + "/tree";
        write(at / "large", some_bytes(3'000'000, 1));
        write(at / "a/b/small", some_bytes(1'000, 2));
        write(at / "a/second", some_bytes(700'000, 3));
        write(at / "empty", "");
        for (int i = 0; i < 960; ++i) {
            write(at / "many" / (std::to_string(i) + std::string(240, 'n')), std::to_string(i));
        }
        return add_path(at.string(), server.sink()).value().cid;
    }
    static void write(const fs::path& path, const std::string& text) {
        fs::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
    }
    static std::map<std::string, std::string> files(const fs::path& root) {
        std::map<std::string, std::string> out;
        for (const auto& entry : fs::recursive_directory_iterator(root)) {
            auto& text = out[fs::relative(entry.path(), root).string()];
            if (entry.is_regular_file()) {
                std::ifstream in(entry.path(), std::ios::binary);
                text.assign(std::istreambuf_iterator<char>(in), {});
            }
        }
        return out;
    }
    void check_complete() {
        CHECK(files(path) == files(dir.path() + "/tree"));
        CHECK_FALSE(fs::exists(path + ".nodes"));
    }
    /// Adds what the gateway has served to `counts`.
    void count(std::map<std::string, int>& counts) {
        for (const auto& [cid, times] : server.take_served()) {
            counts[cid] += times;
        }
    }
    static void check_once(const std::map<std::string, int>& counts) {
        for (const auto& [cid, times] : counts) {
            INFO(cid);
            CHECK(times == 1);
        }
    }
};

}  // namespace

TEST_CASE_METHOD(Tree, "a fetch that is cut again and again requests each block once") {
    std::map<std::string, int> counts;
    int cuts = 0;
    for (bool complete = false; !complete; ++cuts) {
        REQUIRE(cuts < 100);
        server.cut_after(500'000);
        try {
            store.fetch_resumable(root, path, kMost);
            complete = true;
        } catch (const Unavailable&) {
        }
        count(counts);
    }
    CHECK(cuts > 5);
    check_complete();
    check_once(counts);
    CHECK(counts.size() + 1 == server.size());  // an empty file needs no request
}

TEST_CASE_METHOD(Tree, "a requested stop ends a fetch also among blocks that are present, and keeps them") {
    server.cut_after(2'000'000);
    CHECK_THROWS_AS(store.fetch_resumable(root, path, kMost), Unavailable);
    server.cut_after(BlockServer::kNoLimit);
    const auto kept = files(path);
    server.take_served();
    std::stop_source stop;
    stop.request_stop();
    CHECK_THROWS_WITH(store.fetch_resumable(root, path, kMost, stop.get_token()), "stopped");
    CHECK(files(path) == kept);
    CHECK(server.take_served().empty());
}

// Fetches a tree from the gateway of the next test's process, which kills this one.
TEST_CASE("a process that fetches a tree", "[.fetching]") {
    net::HttpClient http;
    ContentStore store({.api_url = "", .gateways = {std::getenv("RESUME_GATEWAY")}}, http);
    store.fetch_resumable(Cid::parse(std::getenv("RESUME_CID")).value(), std::getenv("RESUME_PATH"), kMost);
}

TEST_CASE_METHOD(Tree, "a process that is killed while it fetches costs no verified block") {
    std::map<std::string, int> counts;
    for (const auto* point : {"ipfs.part.written:2", "ipfs.part.written:3", "ipfs.part.written:9",
                              "ipfs.part.written:14", "ipfs.part.written:200"}) {
        INFO(point);
        testkit::ProcessSpec spec;
        spec.argv = {fs::read_symlink("/proc/self/exe").string(), "[.fetching]"};
        spec.env = {{"RESUME_GATEWAY", server.url()},
                    {"RESUME_CID", root.to_string()},
                    {"RESUME_PATH", path},
                    {"LAMDA_CRASH_AT", point}};
        REQUIRE(testkit::Process(spec).wait(testkit::kCallTimeout) == 128 + SIGKILL);
        count(counts);
    }
    CHECK(counts.size() > 10);
    store.fetch_resumable(root, path, kMost);
    count(counts);
    check_complete();
    check_once(counts);
}

TEST_CASE_METHOD(Tree, "progress is reported for each block that is not requested again, and for no other") {
    std::size_t progress = 0;
    const auto fetch = [&] {
        progress = 0;
        store.fetch_resumable(root, path, kMost, {}, [&] { ++progress; });
    };
    server.cut_after(1'000'000);
    CHECK_THROWS_AS(fetch(), Unavailable);
    CHECK(progress > 3);
    CHECK(progress == server.take_served().size());
    server.cut_after(0);
    CHECK_THROWS_AS(fetch(), Unavailable);
    CHECK(progress == 0);
    server.cut_after(BlockServer::kNoLimit);
    server.take_served();
    fetch();
    CHECK(progress == server.take_served().size());
}

TEST_CASE_METHOD(Tree, "damaged or foreign bytes of an earlier fetch are replaced, a longer file is cut") {
    server.cut_after(2'000'000);
    CHECK_THROWS_AS(store.fetch_resumable(root, path, kMost), Unavailable);
    server.cut_after(BlockServer::kNoLimit);
    std::fstream file(path + "/a/second", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(300'000);
    file << "damaged";
    REQUIRE(file);
    file.close();
    fs::resize_file(path + "/a/b/small", 1'500);
    server.take_served();
    store.fetch_resumable(root, path, kMost);
    check_complete();
    std::vector<Cid> blocks;
    const auto note = [&](const Block& block) { blocks.push_back(block.cid); };
    REQUIRE(add_path(dir.path() + "/tree/a/second", note));  // three leaves and their node
    REQUIRE(add_path(dir.path() + "/tree/a/b/small", note));
    const auto served = server.take_served();
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        INFO(i);
        CHECK(served.contains(blocks[i].to_string()) == (i == 1 || i == 4));
    }
}

TEST_CASE_METHOD(Tree, "files without raw leaves are resumed, in both forms of their leaves") {
    // As `ipfs add` makes them without --cid-version=1: the content is in dag-pb leaves of type file or raw.
    for (const auto type : {Node::Type::kFile, Node::Type::kRaw}) {
        std::vector<Cid> parts;
        std::vector<std::uint64_t> sizes;
        for (unsigned i = 0; i < 8; ++i) {
            const auto text = some_bytes(100'000, 10 + i);
            parts.push_back(server.add(CidCodec::kDagPb, detail::encode_leaf(type, as_bytes(text))));
            sizes.push_back(text.size());
        }
        const auto single = server.add(CidCodec::kDagPb, detail::encode_leaf(type, as_bytes("one leaf")));
        const auto cid = server.add_directory({{"a", single, 0}, {"b", server.add_file(parts, sizes), 0}});
        const auto target = path + std::to_string(static_cast<int>(type));
        server.take_served();
        server.cut_after(450'000);
        CHECK_THROWS_AS(store.fetch_resumable(cid, target, kMost), Unavailable);
        server.cut_after(BlockServer::kNoLimit);
        CHECK(server.take_served().size() == 7);  // folder, leaf, file, four of its leaves
        store.fetch_resumable(cid, target, kMost);
        CHECK(server.take_served().size() == 4);
        CHECK(files(target).at("a") == "one leaf");
        CHECK(files(target).at("b").size() == 800'000);
    }
}

TEST_CASE_METHOD(Tree, "limits hold across resumed fetches, and refused content leaves nothing behind") {
    server.cut_after(1'000'000);
    CHECK_THROWS_AS(store.fetch_resumable(root, path, kMost), Unavailable);
    CHECK(fs::exists(path));
    CHECK(fs::exists(path + ".nodes"));
    server.cut_after(BlockServer::kNoLimit);
    CHECK_THROWS_AS(store.fetch_resumable(root, path, 1'000'000), TooLarge);
    CHECK_FALSE(fs::exists(path));
    CHECK_FALSE(fs::exists(path + ".nodes"));
    const Cid no_tree = server.add(CidCodec::kDagPb, {1, 2, 3});
    CHECK_THROWS_AS(store.fetch_resumable(server.add_directory({{"a", no_tree, 0}}), path, kMost), Mismatch);
    CHECK_FALSE(fs::exists(path));
    CHECK_FALSE(fs::exists(path + ".nodes"));
}
