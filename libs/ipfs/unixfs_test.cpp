#include "ipfs/unixfs.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "ipfs/detail/protobuf.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::ipfs;

namespace {

/// Byte pattern of the reference vectors.
std::uint8_t pattern(std::uint64_t i) {
    return static_cast<std::uint8_t>(i * 31 + (i >> 8) * 17 + (i >> 16) * 7);
}

Link build_file(std::uint64_t size, std::size_t piece, const BlockSink& sink = {}) {
    FileBuilder builder(sink);
    Bytes part;
    for (std::uint64_t i = 0; i < size; ++i) {
        part.push_back(pattern(i));
        if (part.size() == piece) {
            builder.write(part);
            part.clear();
        }
    }
    builder.write(part);
    return builder.finish();
}

nlohmann::json vectors() {
    std::ifstream in(testkit::source_dir() + "/tests/data/cid_vectors.json");
    return nlohmann::json::parse(in);
}

struct Folder {
    std::map<std::string, Folder> folders;
    std::map<std::string, std::uint64_t> files;
};

Link build_folder(const Folder& folder) {
    std::vector<Link> entries;
    for (const auto& [name, size] : folder.files) {
        entries.push_back(build_file(size, 65536));
        entries.back().name = name;
    }
    for (const auto& [name, inner] : folder.folders) {
        entries.push_back(build_folder(inner));
        entries.back().name = name;
    }
    return make_directory(entries).value();
}

Folder folder_of(const nlohmann::json& entries) {
    Folder root;
    for (const auto& entry : entries) {
        const std::filesystem::path path(entry.at("path").get<std::string>());
        Folder* at = &root;
        for (const auto& part : path.parent_path()) {
            at = &at->folders[part.string()];
        }
        if (entry.at("type") == "file") {
            at->files[path.filename().string()] = entry.at("size").get<std::uint64_t>();
        } else {
            at->folders[path.filename().string()];
        }
    }
    return root;
}

/// A private folder, removed after the test.
struct Scratch {
    std::filesystem::path path;
    Scratch() {
        std::string name = testkit::binary_dir() + "/unixfs_test.XXXXXX";
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Scratch() { std::filesystem::remove_all(path); }
    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories((path / name).parent_path());
        std::ofstream(path / name, std::ios::binary) << text;
    }
};

/// A hand-made file node: fields of UnixFS' Data message after its type.
Bytes file_node(const std::vector<std::pair<std::uint32_t, std::uint64_t>>& fields, const Bytes& links = {}) {
    Bytes data;
    detail::put_number(data, 1, 2);
    for (const auto& [number, value] : fields) {
        detail::put_number(data, number, value);
    }
    Bytes out = links;
    detail::put_bytes(out, 1, data);
    return out;
}

Bytes link_field(const Bytes& link) {
    Bytes out;
    detail::put_bytes(out, 2, link);
    return out;
}

Bytes good_link() {
    Bytes out;
    detail::put_bytes(out, 1, Cid(CidCodec::kRaw, {}).bytes());
    detail::put_bytes(out, 2, {});
    detail::put_number(out, 3, 7);
    return out;
}

}  // namespace

TEST_CASE("files get the CIDs that the reference packages compute") {
    const auto known = vectors();
    REQUIRE(known.at("files").size() >= 9);
    for (const auto& vector : known.at("files")) {
        const auto size = vector.at("size").get<std::uint64_t>();
        INFO(size << " bytes");
        CHECK(build_file(size, 65536).cid.to_string() == vector.at("cid").get<std::string>());
    }
}

TEST_CASE("folders get the CIDs and sizes that the reference packages compute") {
    const auto known = vectors();
    REQUIRE(known.at("directories").size() >= 10);
    for (const auto& vector : known.at("directories")) {
        INFO(vector.at("description").get<std::string>());
        const auto root = build_folder(folder_of(vector.at("entries")));
        CHECK(root.cid.to_string() == vector.at("cid").get<std::string>());
        CHECK(root.total_size == vector.at("dag_size").get<std::uint64_t>());
    }
}

TEST_CASE("a file's CID does not depend on the sizes of the written pieces") {
    const auto whole = build_file(600'000, 600'000);
    for (const std::size_t piece : {1U, 1000U, 262143U, 262144U, 262145U}) {
        CHECK(build_file(600'000, piece).cid == whole.cid);
    }
}

TEST_CASE("a file's blocks are emitted children first, verify, and read back unchanged") {
    std::vector<Block> blocks;
    const auto root = build_file(600'000, 65536, [&](const Block& block) { blocks.push_back(block); });
    REQUIRE(blocks.size() == 4);
    CHECK(blocks.back().cid == root.cid);
    std::uint64_t total = 0;
    for (const auto& block : blocks) {
        CHECK(verifies(block.cid, block.bytes));
        total += block.bytes.size();
        Bytes altered = block.bytes;
        altered[altered.size() / 2] ^= 1;
        CHECK_FALSE(verifies(block.cid, altered));
    }
    CHECK(root.total_size == total);
    const auto node = parse_node(blocks.back().bytes).value();
    CHECK(node.type == Node::Type::kFile);
    CHECK(node.file_size == 600'000);
    CHECK(node.block_sizes == std::vector<std::uint64_t>{262144, 262144, 75712});
    REQUIRE(node.links.size() == 3);
    CHECK(node.links[2].cid == blocks[2].cid);
    CHECK(node.links[2].total_size == 75712);
}

TEST_CASE("a directory's names are unique and cannot lead out of it") {
    const Link file{"", Cid(CidCodec::kRaw, {}), 0};
    const auto with = [&](std::vector<std::string> names) {
        std::vector<Link> links;
        for (auto& name : names) {
            links.push_back(file);
            links.back().name = std::move(name);
        }
        return make_directory(links);
    };
    CHECK(with({"a", "b", "..."}));
    for (const auto& name : {std::string(""), std::string("."), std::string(".."), std::string("a/b"),
                             std::string("a\0b", 3), std::string("caf\xe9")}) {
        CHECK(with({name}).error().code == "invalid_directory");
    }
    CHECK(with({"a", "b", "a"}).error().code == "invalid_directory");
}

TEST_CASE("a folder on disk becomes a tree of its files; links and special files are refused") {
    const Scratch scratch;
    scratch.write("out/result", "12\n");
    scratch.write("out/deep/er/file", "x");
    std::filesystem::create_directories(scratch.path / "out/empty");
    FileBuilder result;
    result.write(as_bytes("12\n"));
    auto result_link = result.finish();
    result_link.name = "result";
    FileBuilder deep;
    deep.write(as_bytes("x"));
    auto file_link = deep.finish();
    file_link.name = "file";
    auto er = make_directory({file_link}).value();
    er.name = "er";
    auto deeper = make_directory({er}).value();
    deeper.name = "deep";
    auto empty = make_directory({}).value();
    empty.name = "empty";
    const auto expected = make_directory({result_link, deeper, empty}).value();
    CHECK(add_path((scratch.path / "out").string()).value().cid == expected.cid);
    CHECK(add_path((scratch.path / "out/result").string()).value().cid == result_link.cid);

    CHECK(add_path((scratch.path / "none").string()).error().code == "invalid_directory");
    std::filesystem::create_symlink("/etc/passwd", scratch.path / "out/deep/link");
    CHECK_THAT(add_path((scratch.path / "out").string()).error().message,
               Catch::Matchers::Contains("deep/link"));
}

TEST_CASE("nodes are read strictly") {
    const auto refused = [](const Bytes& bytes) {
        const auto node = parse_node(bytes);
        return !node && node.error().code == "invalid_unixfs";
    };
    CHECK(parse_node(file_node({{3, 0}})));
    CHECK(parse_node(file_node({{3, 9}, {4, 9}}, link_field(good_link()))));
    CHECK(parse_node(from_hex("0a020801").value()).value().type == Node::Type::kDirectory);

    CHECK(refused({}));
    CHECK(refused(from_hex("0a0208").value()));    // truncated
    CHECK(refused(from_hex("0a00").value()));      // no type
    CHECK(refused(from_hex("0a020806").value()));  // unknown type
    CHECK(refused(from_hex("0a020801"
                           "0a020801")
                      .value()));  // data twice
    CHECK(refused(from_hex("0a020801"
                           "1a00")
                      .value()));                                // unknown field
    CHECK(refused(from_hex("0d00000000").value()));              // wire type 5
    CHECK(refused(from_hex("0affffffffffffffffff7f").value()));  // a length beyond 64 bits
    CHECK(refused(from_hex("0affffffffffffffffff01").value()));  // a length beyond the bytes
    CHECK(refused(from_hex("08"
                           "01")
                      .value()));                                  // data as a number
    CHECK(refused(file_node({{3, 8}})));                           // a size without content
    CHECK(refused(file_node({{3, 9}}, link_field(good_link()))));  // a link without its size
    CHECK(refused(file_node({{4, 9}})));                           // a size without its link
    CHECK(refused(file_node({{4, 9}, {3, 9}}, link_field(good_link()))));
    CHECK(refused(file_node({{4, ~std::uint64_t{0}}, {4, 1}}, [] {
        Bytes two = link_field(good_link());
        const Bytes second = two;
        two.insert(two.end(), second.begin(), second.end());
        return two;
    }())));
    Bytes no_hash;
    detail::put_bytes(no_hash, 2, as_bytes("name"));
    CHECK(refused(file_node({{3, 9}, {4, 9}}, link_field(no_hash))));
    Bytes twice = good_link();
    detail::put_number(twice, 3, 7);
    CHECK(refused(file_node({{3, 9}, {4, 9}}, link_field(twice))));
    Bytes bad_cid;
    detail::put_bytes(bad_cid, 1, Bytes(36, 1));
    CHECK(refused(file_node({{3, 9}, {4, 9}}, link_field(bad_cid))));
}

TEST_CASE("a truncated node is refused") {
    std::vector<Block> blocks;
    build_file(600'000, 65536, [&](const Block& block) { blocks.push_back(block); });
    const Bytes& node = blocks.back().bytes;
    for (std::size_t i = 0; i < node.size(); ++i) {
        CHECK_FALSE(parse_node(BytesView(node).first(i)));
    }
}
