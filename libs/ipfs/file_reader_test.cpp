#include "ipfs/file_reader.hpp"

#include <catch2/catch.hpp>

#include "ipfs/testing/block_server.hpp"
#include "ipfs/testing/some_bytes.hpp"
#include "net/http_client.hpp"

using namespace lamda;
using namespace lamda::ipfs;

namespace {

struct Scene {
    net::HttpClient http;
    BlockServer blocks;
    ContentStore store{{.api_url = "", .gateways = {blocks.url()}}, http};

    Cid add_file(const std::string& content) {
        FileBuilder builder(blocks.sink());
        builder.write(as_bytes(content));
        return builder.finish().cid;
    }
    static std::string all_of(FileReader& reader) {
        std::string out;
        for (Bytes part = reader.next(); !part.empty(); part = reader.next()) {
            out += as_string(part);
        }
        return out;
    }
    std::string all_of(const Cid& cid) {
        FileReader reader(store, cid);
        return all_of(reader);
    }
};

/// A file of 175 full blocks and a part of one, which has two levels of nodes.
constexpr std::size_t kBlock = 262'144;

}  // namespace

TEST_CASE("files of any shape are read whole") {
    Scene scene;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kBlock, kBlock + 1, 3 * kBlock}) {
        const auto content = some_bytes(size);
        const Cid cid = scene.add_file(content);
        INFO(size);
        CHECK(FileReader(scene.store, cid).size() == size);
        CHECK(scene.all_of(cid) == content);
    }
    const Cid leaf = scene.blocks.add(
        CidCodec::kDagPb, detail::encode_leaf(Node::Type::kFile, as_bytes(std::string_view("in a node"))));
    CHECK(scene.all_of(leaf) == "in a node");
    const Cid raw = scene.blocks.add_text("12345");
    const Cid inner = scene.blocks.add_file({raw, leaf}, {5, 9});
    CHECK(scene.all_of(scene.blocks.add_file({inner, raw, raw}, {14, 5, 5})) == "12345in a node1234512345");
}

TEST_CASE("a selected part is read without the blocks outside of it") {
    Scene scene;
    const auto content = some_bytes(175 * kBlock + 10);
    const Cid cid = scene.add_file(content);
    struct Part {
        std::uint64_t first, count;
        std::size_t most_leaves;
    };
    for (const auto& [first, count, most_leaves] :
         {Part{0, 1, 1}, Part{kBlock - 1, 2, 2}, Part{content.size() - 5, 5, 1}, Part{174 * kBlock - 1, 3, 2},
          Part{5, 0, 0}}) {
        FileReader reader(scene.store, cid);
        (void)scene.blocks.take_served();
        reader.select(first, count);
        INFO(first << " " << count);
        CHECK(Scene::all_of(reader) == content.substr(first, count));
        std::size_t leaves = 0;
        for (const auto& [name, times] : scene.blocks.take_served()) {
            leaves += name.starts_with("bafkrei") ? 1 : 0;
        }
        CHECK(leaves <= most_leaves);
    }
}

TEST_CASE("a block with other bytes, or of another size, is not returned") {
    Scene scene;
    const Cid raw = scene.blocks.add_text("12345");
    const Cid other = scene.blocks.add_text("67890");
    FileReader reader(scene.store, scene.blocks.add_file({raw, other}, {5, 5}));
    CHECK(as_string(reader.next()) == "12345");
    scene.blocks.damage(other);
    CHECK_THROWS_AS(reader.next(), WrongBytes);
    CHECK_THROWS_AS(reader.next(), Mismatch);  // never what follows
    CHECK_THROWS_AS(scene.all_of(scene.blocks.add_file({raw, raw}, {5, 6})), Mismatch);
    const Cid inner = scene.blocks.add_file({raw}, {5});
    CHECK_THROWS_AS(scene.all_of(scene.blocks.add_file({inner}, {4})), Mismatch);
}

TEST_CASE("what is no file is refused at once") {
    Scene scene;
    CHECK_THROWS_AS(FileReader(scene.store, scene.blocks.add_directory({})), IsDirectory);
    CHECK_THROWS_AS(FileReader(scene.store, scene.blocks.add(CidCodec::kDagPb, {1, 2, 3})), Mismatch);
    CHECK_THROWS_AS(FileReader(scene.store, Cid(CidCodec::kRaw, {})), Unavailable);
    const Cid raw = scene.blocks.add_text("12345");
    const Cid hiding = scene.blocks.add_file({scene.blocks.add_directory({}), raw}, {1, 5});
    FileReader reader(scene.store, hiding);
    CHECK_THROWS_AS(reader.next(), Mismatch);
}

TEST_CASE("a few blocks that describe an endless file do not keep the reader busy") {
    Scene scene;
    // Each level links the level below many times, without content.
    Cid node = scene.blocks.add_text("1");
    std::uint64_t size = 1;
    for (int level = 0; level < 3; ++level) {
        node = scene.blocks.add_file(std::vector<Cid>(100, node), std::vector<std::uint64_t>(100, size));
        size *= 100;
    }
    // One byte for each block.
    CHECK_THROWS_AS(
        [&] {
            FileReader reader(scene.store, scene.blocks.add_file({node}, {size}));
            reader.select(0, 100'000);
            (void)Scene::all_of(reader);
        }(),
        TooLarge);
    Cid deep = scene.blocks.add_text("1");
    for (int level = 0; level < 40; ++level) {
        deep = scene.blocks.add_file({deep}, {1});
    }
    CHECK_THROWS_AS(scene.all_of(deep), Mismatch);
    const Cid raw = scene.blocks.add_text("1");
    CHECK_THROWS_AS(FileReader(scene.store, scene.blocks.add_file(std::vector<Cid>(20'000, raw),
                                                                  std::vector<std::uint64_t>(20'000, 1))),
                    TooLarge);
    // Parts without content are skipped, whatever their number.
    const Cid empty = scene.blocks.add_text("");
    auto parts = std::vector<Cid>(10'000, empty);
    auto sizes = std::vector<std::uint64_t>(10'000, 0);
    parts.push_back(raw);
    sizes.push_back(1);
    CHECK(scene.all_of(scene.blocks.add_file(parts, sizes)) == "1");
}
