#include "ipfs/file_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "ipfs/unixfs.hpp"

namespace lamda::ipfs {

namespace {

constexpr std::size_t kMostLevels = 32;
/// Links of the nodes above a block, together: about 1 MiB. A level of files in use has 174 to 1024.
constexpr std::size_t kMostLinks = 16'384;
/// A node may link the same block any number of times: a file has at most one block for each so many bytes,
/// and some more. Smaller chunks are not in use.
constexpr std::uint64_t kBytesOfBlock = 16U << 10;
constexpr std::uint64_t kMoreBlocks = 1'000;

}  // namespace

FileReader::FileReader(ContentStore& store, const Cid& cid, const std::stop_token& stop,
                       std::optional<Millis> longest)
    : store_(store) {
    size_ = enter(cid, 0, stop, longest);
    left_ = size_;
    most_blocks_ = kMoreBlocks + size_ / kBytesOfBlock;
}

void FileReader::select(std::uint64_t first, std::uint64_t count) {
    position_ = first;
    left_ = count;
}

Bytes FileReader::next(const std::stop_token& stop) {
    while (left_ > 0) {
        // The parts of a node have its size together (parse_node), and each is compared with it below: the
        // levels end where the file does.
        if (levels_.empty()) {
            throw Mismatch("an earlier block of the file has failed");
        }
        Level& level = levels_.back();
        if (!level.data.empty()) {
            Bytes data = std::exchange(level.data, {});
            const auto at = level.at;
            level.at += data.size();
            if (level.at > position_) {
                return selected(std::move(data), at);
            }
            continue;
        }
        if (level.next == level.parts.size()) {
            leave();
            continue;
        }
        const Cid part = level.parts[level.next];
        const auto stated = level.sizes[level.next];
        const auto at = level.at;
        ++level.next;
        level.at += stated;
        if (stated == 0 || level.at <= position_) {
            continue;
        }
        try {
            if (enter(part, at, stop) != stated) {
                throw Mismatch("a node of the file gives a wrong size for its part " + part.to_string());
            }
        } catch (...) {
            levels_.clear();  // no later call may go on behind the missing part
            throw;
        }
    }
    return {};
}

Bytes FileReader::block(const Cid& cid, const std::stop_token& stop, std::optional<Millis> longest) {
    if (levels_.size() == kMostLevels) {
        throw Mismatch(cid.to_string() + " is nested more than " + std::to_string(kMostLevels) +
                       " levels deep");
    }
    if (++blocks_ > most_blocks_) {
        throw TooLarge("the file has more than " + std::to_string(most_blocks_) + " blocks");
    }
    return store_.block(cid, stop, longest);
}

std::uint64_t FileReader::enter(const Cid& cid, std::uint64_t at, const std::stop_token& stop,
                                std::optional<Millis> longest) {
    Bytes bytes = block(cid, stop, longest);
    if (cid.codec() == CidCodec::kRaw) {
        const auto size = bytes.size();
        levels_.push_back({std::move(bytes), {}, {}, 0, at});
        return size;
    }
    auto node = parse_node(bytes);
    if (!node) {
        throw Mismatch(cid.to_string() + " is " + node.error().message);
    }
    switch (node->type) {
        case Node::Type::kFile:
        case Node::Type::kRaw:
            break;
        case Node::Type::kDirectory:
        case Node::Type::kHamtShard:
            throw IsDirectory(cid.to_string() + " is a directory");
        case Node::Type::kSymlink:
        case Node::Type::kMetadata:
            throw Mismatch(cid.to_string() + " is neither a file nor a directory");
    }
    links_ += node->links.size();
    if (links_ > kMostLinks) {
        throw TooLarge("the nodes of the file link more than " + std::to_string(kMostLinks) + " parts");
    }
    Level level{std::move(node->data), {}, std::move(node->block_sizes), 0, at};
    level.parts.reserve(node->links.size());
    for (const auto& link : node->links) {
        level.parts.push_back(link.cid);
    }
    levels_.push_back(std::move(level));
    return node->file_size;
}

void FileReader::leave() {
    links_ -= levels_.back().parts.size();
    levels_.pop_back();
}

Bytes FileReader::selected(Bytes bytes, std::uint64_t at) {
    const auto skipped = static_cast<std::size_t>(position_ > at ? position_ - at : 0);
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size() - skipped, left_));
    position_ += count;
    left_ -= count;
    if (count == bytes.size()) {
        return bytes;
    }
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(skipped);
    return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace lamda::ipfs
