#include "ipfs/detail/hamt.hpp"

#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "ipfs/detail/murmur3.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::ipfs;

namespace {

Link file(const std::string& name, const std::string& content) {
    FileBuilder builder;
    builder.write(as_bytes(content));
    auto link = builder.finish();
    link.name = name;
    return link;
}

struct Blocks {
    std::map<Cid, Bytes> all;
    BlockSink sink = [this](const Block& block) { all[block.cid] = block.bytes; };
};

/// Entries of the directory, read from its blocks. @param depth receives the levels of shards
std::map<std::string, Cid> entries_of(const Blocks& blocks, const Cid& cid, std::size_t& depth) {
    const auto node = parse_node(blocks.all.at(cid)).value();
    std::map<std::string, Cid> out;
    std::size_t deepest = 0;
    for (const auto& link : node.links) {
        if (node.type == Node::Type::kDirectory) {
            out.emplace(link.name, link.cid);
        } else if (link.name.size() > 2) {
            out.emplace(link.name.substr(2), link.cid);
        } else {
            std::size_t below = 0;
            out.merge(entries_of(blocks, link.cid, below));
            deepest = std::max(deepest, below);
        }
    }
    depth = deepest + (node.type == Node::Type::kHamtShard ? 1 : 0);
    return out;
}

std::string utf8(std::uint32_t point) {
    std::string out;
    if (point < 0x80) {
        out += static_cast<char>(point);
    } else if (point < 0x800) {
        out += static_cast<char>(0xC0U | (point >> 6U));
        out += static_cast<char>(0x80U | (point & 0x3FU));
    } else {
        out += static_cast<char>(0xE0U | (point >> 12U));
        out += static_cast<char>(0x80U | ((point >> 6U) & 0x3FU));
        out += static_cast<char>(0x80U | (point & 0x3FU));
    }
    return out;
}

}  // namespace

TEST_CASE("murmur3-x64-64 has the values of other implementations") {
    const auto hash = [](std::string_view text) { return detail::murmur3_x64_64(as_bytes(text)); };
    // github.com/spaolacci/murmur3 (the package that Kubo uses), murmur_test.go.
    CHECK(hash("") == 0);
    CHECK(hash("hello") == 0xcbd8a7b341bd9b02ULL);
    CHECK(hash("hello, world") == 0x342fac623a5ebc8eULL);
    CHECK(hash("19 Jan 2038 at 3:14:07 AM") == 0xb89e5988b737affcULL);
    CHECK(hash("The quick brown fox jumps over the lazy dog.") == 0xcd99481f9ee902c9ULL);
}

TEST_CASE("a sharded directory has the CID that Kubo computes") {
    // github.com/ipfs/kubo, test/sharness/t0260-sharding.sh, SHARDEDV1: `ipfs add -r --cid-version=1` of
    // 2,000 files `file<i>` with the text `<i>` and a newline, with every directory sharded.
    std::vector<Link> entries;
    for (int i = 1; i <= 2'000; ++i) {
        entries.push_back(file("file" + std::to_string(i), std::to_string(i) + "\n"));
    }
    const auto root = detail::make_shards(entries, {}).value();
    CHECK(root.cid.to_string() == "bafybeibiemewfzzdyhq2l74wrd6qj2oz42usjlktgnlqv4yfawgouaqn4u");
}

TEST_CASE("large directories have the CIDs and sizes that the reference packages compute") {
    std::ifstream in(testkit::source_dir() + "/tests/data/cid_vectors.json");
    const auto known = nlohmann::json::parse(in);
    REQUIRE(known.at("large_directories").size() >= 4);
    std::size_t sharded = 0;
    for (const auto& vector : known.at("large_directories")) {
        INFO(vector.at("description").get<std::string>());
        const auto content = vector.at("content").get<std::string>();
        std::vector<Link> entries;
        for (int i = 0; i < vector.at("count").get<int>(); ++i) {
            entries.push_back(file(vector.at("before").get<std::string>() + std::to_string(i) +
                                       vector.at("after").get<std::string>(),
                                   content));
        }
        Blocks blocks;
        const auto root = make_directory(entries, blocks.sink).value();
        CHECK(root.cid.to_string() == vector.at("cid").get<std::string>());
        CHECK(root.total_size == vector.at("dag_size").get<std::uint64_t>());
        std::size_t depth = 0;
        CHECK(entries_of(blocks, root.cid, depth).size() == entries.size());
        CHECK(depth == vector.at("shard_levels").get<std::size_t>());
        sharded += depth > 0 ? 1 : 0;
    }
    CHECK(sharded >= 3);
}

TEST_CASE("a directory is sharded above 256 KiB of names and CIDs, not at it") {
    // CIDs have 36 bytes: 1,024 entries of 220 + 36 are exactly 262,144. Newer Kubo (boxo's
    // BasicDirectory.needsToSwitchToHAMTDir) and ipfs-unixfs-importer both shard above the limit only.
    std::vector<Link> entries;
    for (int i = 0; i < 1'024; ++i) {
        entries.push_back(file(std::string(216, 'x') + std::to_string(1'000 + i), ""));
    }
    Blocks blocks;
    std::size_t depth = 0;
    entries_of(blocks, make_directory(entries, blocks.sink).value().cid, depth);
    CHECK(depth == 0);
    entries.back().name += "y";
    entries_of(blocks, make_directory(entries, blocks.sink).value().cid, depth);
    CHECK(depth > 1);
}

TEST_CASE("the entries of any sharded directory are read back, in any order of insertion") {
    const bool held = rc::check("reader(writer(entries)) == entries", [] {
        const auto seed = *rc::gen::arbitrary<std::uint32_t>();
        const auto count = *rc::gen::inRange<std::size_t>(2, 6'000);
        // All of Unicode's first plane without control characters, surrogates and "/".
        std::mt19937 random(seed);
        std::map<std::string, Cid> wanted;
        while (wanted.size() < count) {
            std::string name;
            for (auto left = 1 + random() % 12; left > 0; --left) {
                name += utf8(static_cast<std::uint32_t>(0x30 + random() % (0xD800 - 0x30)));
            }
            wanted.emplace(name, file("", std::to_string(random() % 7)).cid);
        }
        std::vector<Link> entries;
        for (const auto& [name, cid] : wanted) {
            entries.push_back({name, cid, 1});
        }
        const auto root = detail::make_shards(entries, {}).value();
        std::shuffle(entries.begin(), entries.end(), random);
        Blocks blocks;
        RC_ASSERT(detail::make_shards(entries, blocks.sink).value().cid == root.cid);
        std::size_t depth = 0;
        RC_ASSERT(entries_of(blocks, root.cid, depth) == wanted);
        for (const auto& [cid, bytes] : blocks.all) {
            RC_ASSERT(verifies(cid, bytes));
        }
    });
    CHECK(held);
}
