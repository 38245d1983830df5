// Walks a DAG depth first, verifies each block, and writes the described tree.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <limits>
#include <set>
#include <system_error>

#include "ipfs/content_store.hpp"
#include "ipfs/unixfs.hpp"

namespace lamda::ipfs {
namespace {

constexpr unsigned kMostDepth = 32;
constexpr std::size_t kMostEntries = 100'000;
/// Limits the blocks of a tree: inner nodes count towards no size, so few bytes could cause unlimited work.
constexpr std::size_t kMostBlocks = 1'000'000;
constexpr std::uint64_t kFanout = 256;  // the only fanout in use; two hex digits precede each name in a shard
constexpr std::size_t kShardPrefix = 2;

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// A new file; fails if the path exists, also as a link.
class NewFile {
  public:
    explicit NewFile(const std::string& path)
        : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644)) {
        if (fd_ < 0 || ::fchmod(fd_, 0644) != 0) {
            fail("cannot create " + path_);
        }
    }
    ~NewFile() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    void write(BytesView bytes) {
        while (!bytes.empty()) {
            const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
            if (written < 0 && errno != EINTR) {
                fail("cannot write " + path_);
            }
            bytes = bytes.subspan(written > 0 ? static_cast<std::size_t>(written) : 0);
        }
    }
    void close() {
        if (::close(std::exchange(fd_, -1)) != 0) {
            fail("cannot write " + path_);
        }
    }

  private:
    std::string path_;
    int fd_;
};

class Walk {
  public:
    Walk(ContentStore& store, std::uint64_t max_bytes, const std::stop_token& stop)
        : store_(store), stop_(stop), left_(max_bytes) {}

    void entry(const Cid& cid, const std::string& path, unsigned depth) {
        if (++entries_ > kMostEntries) {
            throw TooLarge("more than " + std::to_string(kMostEntries) + " files and folders");
        }
        const Bytes bytes = block(cid, depth);
        if (cid.codec() == CidCodec::kRaw) {
            NewFile file(path);
            content(file, bytes);
            file.close();
            return;
        }
        const Node node = parsed(cid, bytes);
        switch (node.type) {
            case Node::Type::kFile:
            case Node::Type::kRaw: {
                if (node.file_size > left_) {
                    too_large();
                }
                NewFile file(path);
                parts(file, cid, node, depth);
                file.close();
                return;
            }
            case Node::Type::kDirectory:
            case Node::Type::kHamtShard: {
                if (::mkdir(path.c_str(), 0755) != 0 &&
                    (depth > 0 || errno != EEXIST || !is_empty_folder(path))) {
                    fail("cannot create " + path);
                }
                std::set<std::string> names;
                listed(cid, node, path, names, depth);
                return;
            }
            case Node::Type::kSymlink:
            case Node::Type::kMetadata:
                throw Mismatch(cid.to_string() + " is neither a file nor a folder");
        }
    }

  private:
    static bool is_empty_folder(const std::string& path) {
        return std::filesystem::is_directory(std::filesystem::symlink_status(path)) &&
               std::filesystem::is_empty(path);
    }

    [[noreturn]] static void too_large() {
        throw TooLarge("all files together have more bytes than are allowed");
    }

    Bytes block(const Cid& cid, unsigned depth) {
        if (depth > kMostDepth) {
            throw Mismatch(cid.to_string() + " is nested more than " + std::to_string(kMostDepth) +
                           " levels deep");
        }
        if (++blocks_ > kMostBlocks) {
            throw TooLarge("more than " + std::to_string(kMostBlocks) + " blocks");
        }
        return store_.block(cid, stop_);
    }

    static Node parsed(const Cid& cid, BytesView bytes) {
        auto node = parse_node(bytes);
        if (!node) {
            throw Mismatch(cid.to_string() + " is " + node.error().message);
        }
        return *std::move(node);
    }

    void content(NewFile& file, BytesView bytes) {
        if (bytes.size() > left_) {
            too_large();
        }
        left_ -= bytes.size();
        file.write(bytes);
    }

    /// Writes the content of a file's node and of its links, in order. Each part must have the size that its
    /// parent states.
    void parts(NewFile& file, const Cid& cid, const Node& node, unsigned depth) {
        content(file, node.data);
        for (std::size_t i = 0; i < node.links.size(); ++i) {
            const Cid& part = node.links[i].cid;
            const Bytes bytes = block(part, depth + 1);
            std::uint64_t size = bytes.size();
            if (part.codec() == CidCodec::kRaw) {
                content(file, bytes);
            } else {
                const Node inner = parsed(part, bytes);
                if (inner.type != Node::Type::kFile && inner.type != Node::Type::kRaw) {
                    throw Mismatch(part.to_string() + " is linked as part of a file, but is not a file");
                }
                size = inner.file_size;
                parts(file, part, inner, depth + 1);
            }
            if (size != node.block_sizes[i]) {
                throw Mismatch(cid.to_string() + " gives a wrong size for its part " + part.to_string());
            }
        }
    }

    /// Lists the entries of a folder, over all its shards.
    void listed(const Cid& cid, const Node& node, const std::string& path, std::set<std::string>& names,
                unsigned depth) {
        const bool shard = node.type == Node::Type::kHamtShard;
        if (shard && node.fanout != kFanout) {
            throw Mismatch(cid.to_string() + " is a folder with shards of another fanout than 256");
        }
        for (const auto& link : node.links) {
            if (shard && link.name.size() == kShardPrefix) {
                const Node inner = parsed(link.cid, block(link.cid, depth + 1));
                if (inner.type != Node::Type::kHamtShard || link.cid.codec() != CidCodec::kDagPb) {
                    throw Mismatch(link.cid.to_string() + " is linked as a shard, but is not a shard");
                }
                listed(link.cid, inner, path, names, depth + 1);
                continue;
            }
            const std::string name =
                shard ? link.name.substr(std::min(kShardPrefix, link.name.size())) : link.name;
            if (name.empty() || name == "." || name == ".." || name.size() > 255 ||
                name.find_first_of(std::string_view("/\0", 2)) != std::string::npos ||
                !names.insert(name).second) {
                throw Mismatch(cid.to_string() + " has an entry with a forbidden or duplicate name");
            }
            entry(link.cid, std::string(path).append("/").append(name), depth + 1);
        }
    }

    ContentStore& store_;
    std::stop_token stop_;
    std::uint64_t left_;
    std::size_t entries_ = 0;
    std::size_t blocks_ = 0;
};

}  // namespace

void ContentStore::fetch(const Cid& cid, const std::string& path, std::uint64_t max_bytes,
                         const std::stop_token& stop) {
    const bool was_there = std::filesystem::exists(std::filesystem::symlink_status(path));
    const bool was_empty = was_there &&
                           std::filesystem::is_directory(std::filesystem::symlink_status(path)) &&
                           std::filesystem::is_empty(path);
    try {
        Walk(*this, max_bytes, stop).entry(cid, path, 0);
    } catch (...) {
        std::error_code ignored;
        if (!was_there) {
            std::filesystem::remove_all(path, ignored);
        } else if (was_empty) {
            for (const auto& left : std::filesystem::directory_iterator(path, ignored)) {
                std::filesystem::remove_all(left.path(), ignored);
            }
        }
        throw;
    }
}

}  // namespace lamda::ipfs
