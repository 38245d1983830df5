// Walks a DAG depth first, verifies each block, and writes the described tree.
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "core/crash_point.hpp"
#include "ipfs/content_store.hpp"
#include "ipfs/detail/file_io.hpp"
#include "ipfs/detail/node_log.hpp"
#include "ipfs/detail/target_file.hpp"
#include "ipfs/unixfs.hpp"

namespace lamda::ipfs {
namespace {

namespace fs = std::filesystem;
using detail::NodeLog;
using detail::TargetFile;

constexpr unsigned kMostDepth = 32;
constexpr std::size_t kMostEntries = 100'000;
// A block may be linked any number of times, so that a few blocks describe a tree of any size, and inner
// nodes count towards no file's size. Both limits below grow with the bytes that the caller allows.
/// Blocks of a tree: two for each entry, and one for each so many bytes. Smaller chunks are not in use.
constexpr std::uint64_t kBytesOfBlock = 64U << 10;
/// Bytes of nodes that are not content of files: names, CIDs, sizes, shards. And one for each so many bytes.
constexpr std::uint64_t kMostStructure = 64U << 20;
constexpr std::uint64_t kBytesOfStructure = 16;
constexpr std::uint64_t kFanout = 256;  // the only fanout in use; two hex digits precede each name in a shard
constexpr std::size_t kShardPrefix = 2;

class Walk {
  public:
    /// @param log of a fetch that may resume an earlier one; null: the tree is new
    /// @param on_progress may be empty; called once more of the tree is on disk than ever before
    Walk(ContentStore& store, std::uint64_t max_bytes, NodeLog* log, const std::stop_token& stop,
         std::function<void()> on_progress)
        : store_(store),
          log_(log),
          stop_(stop),
          on_progress_(std::move(on_progress)),
          left_(max_bytes),
          most_blocks_(2 * kMostEntries + max_bytes / kBytesOfBlock),
          structure_left_(kMostStructure + max_bytes / kBytesOfStructure) {}

    void entry(const Cid& cid, const std::string& path, unsigned depth) {
        if (++entries_ > kMostEntries) {
            throw TooLarge("more than " + std::to_string(kMostEntries) + " files and folders");
        }
        std::optional<TargetFile> file;
        std::optional<Bytes> present;
        if (log_ != nullptr && fs::is_regular_file(fs::symlink_status(path))) {
            file.emplace(path, TargetFile::Open::kResume);
            present = file->present_block(cid, file->old_size());
        }
        if (cid.codec() == CidCodec::kRaw) {
            const Bytes bytes = block(cid, std::move(present), depth);
            create(file, path);
            content(*file, bytes);
            file->close();
            return;
        }
        const Node node = read_node(cid, std::move(present), depth);
        switch (node.type) {
            case Node::Type::kFile:
            case Node::Type::kRaw:
                if (node.file_size > left_) {
                    too_large();
                }
                create(file, path);
                parts(*file, cid, node, depth);
                file->close();
                return;
            case Node::Type::kDirectory:
            case Node::Type::kHamtShard:
                folder(cid, node, path, depth);
                return;
            case Node::Type::kSymlink:
            case Node::Type::kMetadata:
                throw Mismatch(cid.to_string() + " is neither a file nor a folder");
        }
    }

  private:
    [[noreturn]] static void too_large() {
        throw TooLarge("all files together have more bytes than are allowed");
    }

    static void create(std::optional<TargetFile>& file, const std::string& path) {
        if (!file) {
            file.emplace(path, TargetFile::Open::kNew);
        }
    }

    /// True if the existing path may be the folder: an empty one of the caller, or one of an earlier fetch.
    bool may_use(const std::string& path, unsigned depth) const {
        return fs::is_directory(fs::symlink_status(path)) &&
               (log_ != nullptr || (depth == 0 && fs::is_empty(path)));
    }

    void folder(const Cid& cid, const Node& node, const std::string& path, unsigned depth) {
        if (::mkdir(path.c_str(), 0755) != 0) {
            const int error = errno;
            if (error != EEXIST || !may_use(path, depth)) {
                errno = error;
                detail::fail_io("cannot create " + path);
            }
        }
        std::set<std::string> names;
        listed(cid, node, path, names, depth);
    }

    /// The block, unless it is `present` from the store.
    Bytes block(const Cid& cid, std::optional<Bytes> present, unsigned depth) {
        if (depth > kMostDepth) {
            throw Mismatch(cid.to_string() + " is nested more than " + std::to_string(kMostDepth) +
                           " levels deep");
        }
        if (++blocks_ > most_blocks_) {
            throw TooLarge("more than " + std::to_string(most_blocks_) + " blocks");
        }
        if (stop_.stop_requested()) {
            throw Unavailable("stopped");
        }
        return present ? *std::move(present) : store_.block(cid, stop_);
    }

    /// The dag-pb block as a node; an inner one is kept in the log.
    Node read_node(const Cid& cid, std::optional<Bytes> present, unsigned depth) {
        const bool known = present.has_value();
        if (log_ != nullptr && !known) {
            present = log_->find(cid);
        }
        const bool logged = !known && present.has_value();
        const Bytes bytes = block(cid, std::move(present), depth);
        auto node = parse_node(bytes);
        if (!node) {
            throw Mismatch(cid.to_string() + " is " + node.error().message);
        }
        const std::uint64_t structure = bytes.size() - node->data.size();
        if (structure > structure_left_) {
            throw TooLarge("the nodes that describe the files have more bytes than are allowed");
        }
        structure_left_ -= structure;
        const bool leaf =
            node->links.empty() && (node->type == Node::Type::kFile || node->type == Node::Type::kRaw);
        if (log_ != nullptr && !leaf && !logged && log_->add(cid, bytes)) {
            progressed();
        }
        return *std::move(node);
    }

    void progressed() const {
        if (on_progress_) {
            on_progress_();
        }
    }

    void content(TargetFile& file, BytesView bytes) {
        if (bytes.size() > left_) {
            too_large();
        }
        left_ -= bytes.size();
        if (file.write(bytes)) {
            progressed();
        }
        if (!bytes.empty()) {
            crash_point("ipfs.part.written");
        }
    }

    /// Writes the content of a file's node and of its links, in order. Each part must have the size that its
    /// parent states.
    void parts(TargetFile& file, const Cid& cid, const Node& node, unsigned depth) {
        content(file, node.data);
        for (std::size_t i = 0; i < node.links.size(); ++i) {
            const Cid& part = node.links[i].cid;
            auto present = file.present_block(part, node.block_sizes[i]);
            std::uint64_t size = 0;
            if (part.codec() == CidCodec::kRaw) {
                const Bytes bytes = block(part, std::move(present), depth + 1);
                size = bytes.size();
                content(file, bytes);
            } else {
                const Node inner = read_node(part, std::move(present), depth + 1);
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
    void listed(const Cid& cid, const Node& listing, const std::string& path, std::set<std::string>& names,
                unsigned depth) {
        const bool shard = listing.type == Node::Type::kHamtShard;
        if (shard && listing.fanout != kFanout) {
            throw Mismatch(cid.to_string() + " is a folder with shards of another fanout than 256");
        }
        for (const auto& link : listing.links) {
            if (shard && link.name.size() == kShardPrefix) {
                if (link.cid.codec() != CidCodec::kDagPb) {
                    throw Mismatch(link.cid.to_string() + " is linked as a shard, but is not a shard");
                }
                const Node inner = read_node(link.cid, std::nullopt, depth + 1);
                if (inner.type != Node::Type::kHamtShard) {
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
    NodeLog* log_;
    std::stop_token stop_;
    std::function<void()> on_progress_;
    std::uint64_t left_;
    std::size_t entries_ = 0;
    std::uint64_t blocks_ = 0;
    std::uint64_t most_blocks_;
    std::uint64_t structure_left_;
};

}  // namespace

void ContentStore::fetch(const Cid& cid, const std::string& path, std::uint64_t max_bytes,
                         const std::stop_token& stop) {
    const auto status = fs::symlink_status(path);
    const bool was_there = fs::exists(status);
    const bool was_empty = was_there && fs::is_directory(status) && fs::is_empty(path);
    try {
        Walk(*this, max_bytes, nullptr, stop, {}).entry(cid, path, 0);
    } catch (...) {
        std::error_code ignored;
        if (!was_there) {
            fs::remove_all(path, ignored);
        } else if (was_empty) {
            for (const auto& left : fs::directory_iterator(path, ignored)) {
                fs::remove_all(left.path(), ignored);
            }
        }
        throw;
    }
}

void ContentStore::fetch_resumable(const Cid& cid, const std::string& path, std::uint64_t max_bytes,
                                   const std::stop_token& stop, const std::function<void()>& on_progress) {
    const std::string log_path = path + ".nodes";
    const auto remove = [&] {
        std::error_code ignored;
        fs::remove_all(path, ignored);
        fs::remove(log_path, ignored);
    };
    try {
        NodeLog log(log_path);
        Walk(*this, max_bytes, &log, stop, on_progress).entry(cid, path, 0);
    } catch (const Mismatch&) {
        remove();
        throw;
    } catch (const TooLarge&) {
        remove();
        throw;
    }
    fs::remove(log_path);
}

}  // namespace lamda::ipfs
