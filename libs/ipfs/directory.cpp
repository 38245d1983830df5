// UnixFS directories, from links and from a folder on disk.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "core/utf8.hpp"
#include "ipfs/detail/dag_pb.hpp"
#include "ipfs/detail/hamt.hpp"

namespace lamda::ipfs {
namespace {

/// Limit of names and CIDs together, of Kubo (Import.UnixFSHAMTDirectorySizeThreshold) and other
/// implementations: a directory above it is sharded.
constexpr std::size_t kMostFlat = 262144;
constexpr unsigned kMostDepth = 32;

Error bad(const std::string& why) {
    return Error{"invalid_directory", why, ""};
}

Link add_file(const std::string& path, const BlockSink& sink) {
    std::ifstream in(path, std::ios::binary);
    FileBuilder builder(sink);
    std::vector<char> buffer(1U << 16);
    while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
        builder.write(as_bytes({buffer.data(), static_cast<std::size_t>(in.gcount())}));
    }
    if (in.bad() || !in.eof()) {
        throw std::system_error(errno, std::generic_category(), "cannot read " + path);
    }
    return builder.finish();
}

Result<Link> add(const std::filesystem::path& path, const BlockSink& sink, unsigned depth) {
    const auto type = std::filesystem::symlink_status(path).type();
    if (type == std::filesystem::file_type::regular) {
        return add_file(path.string(), sink);
    }
    if (type != std::filesystem::file_type::directory) {
        return bad(path.string() +
                   (type == std::filesystem::file_type::not_found
                        ? " does not exist"
                        : " is neither a file nor a folder (links and special files are refused)"));
    }
    if (depth == kMostDepth) {
        return bad(path.string() + " is more than " + std::to_string(kMostDepth) + " folders deep");
    }
    std::vector<Link> entries;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
        auto link = add(entry.path(), sink, depth + 1);
        if (!link) {
            return link;
        }
        link->name = entry.path().filename().string();
        entries.push_back(*std::move(link));
    }
    auto directory = make_directory(std::move(entries), sink);
    return directory ? directory : bad(path.string() + ": " + directory.error().message);
}

}  // namespace

Result<Link> make_directory(std::vector<Link> entries, const BlockSink& sink) {
    std::sort(entries.begin(), entries.end(), [](const Link& a, const Link& b) { return a.name < b.name; });
    std::size_t flat = 0;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const auto& name = entries[i].name;
        if (name.empty() || name == "." || name == ".." ||
            name.find_first_of(std::string_view("/\0", 2)) != name.npos) {
            return bad("\"" + name + "\" is not a valid name of an entry");
        }
        if (valid_utf8(name) != name) {
            return bad("\"" + valid_utf8(name) + "\" is the name of an entry, and not UTF-8");
        }
        if (i > 0 && entries[i - 1].name == name) {
            return bad("\"" + name + "\" is the name of two entries");
        }
        flat += name.size() + entries[i].cid.bytes().size();
        total += entries[i].total_size;
    }
    if (flat > kMostFlat) {
        return detail::make_shards(entries, sink);
    }
    Bytes bytes = detail::encode_directory(entries);
    total += bytes.size();
    return Link{"", detail::emit(CidCodec::kDagPb, std::move(bytes), sink), total};
}

Result<Link> add_path(const std::string& path, const BlockSink& sink) {
    return add(path, sink, 0);
}

}  // namespace lamda::ipfs
