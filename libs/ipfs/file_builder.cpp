// Builder of a balanced UnixFS file.
#include <algorithm>

#include "ipfs/detail/dag_pb.hpp"

namespace lamda::ipfs {
namespace {

constexpr std::size_t kChunk = 262144;
constexpr std::size_t kMostLinks = 174;

/// A finished part of the file, as its parent refers to it.
struct Part {
    Link link;
    std::uint64_t content = 0;  ///< bytes of the file below
};

}  // namespace

struct FileBuilder::Impl {
    BlockSink sink;
    Bytes chunk;
    /// levels[0] holds leaves. A full level is closed into a node of the next level only when a further part
    /// follows: until then the full level may be the file's root.
    std::vector<std::vector<Part>> levels;

    void add(std::size_t level, Part part) {
        if (level == levels.size()) {
            levels.emplace_back();
        }
        if (levels[level].size() == kMostLinks) {
            add(level + 1, close(level));
        }
        levels[level].push_back(std::move(part));
    }

    Part close(std::size_t level) {
        Part node{{"", Cid(CidCodec::kDagPb, {}), 0}, 0};
        std::vector<Link> links;
        std::vector<std::uint64_t> sizes;
        for (auto& part : levels[level]) {
            node.content += part.content;
            node.link.total_size += part.link.total_size;
            sizes.push_back(part.content);
            links.push_back(std::move(part.link));
        }
        levels[level].clear();
        Bytes bytes = detail::encode_file(links, sizes);
        node.link.total_size += bytes.size();
        node.link.cid = detail::emit(CidCodec::kDagPb, std::move(bytes), sink);
        return node;
    }

    void end_chunk() {
        const std::uint64_t size = chunk.size();
        const Cid cid = detail::emit(CidCodec::kRaw, std::exchange(chunk, {}), sink);
        add(0, Part{{"", cid, size}, size});
    }
};

FileBuilder::FileBuilder(BlockSink sink) : impl_(std::make_unique<Impl>()) {
    impl_->sink = std::move(sink);
}
FileBuilder::~FileBuilder() = default;

void FileBuilder::write(BytesView part) {
    while (!part.empty()) {
        if (impl_->chunk.size() == kChunk) {
            impl_->end_chunk();
        }
        const std::size_t taken = std::min(part.size(), kChunk - impl_->chunk.size());
        impl_->chunk.insert(impl_->chunk.end(), part.begin(),
                            part.begin() + static_cast<std::ptrdiff_t>(taken));
        part = part.subspan(taken);
    }
}

Link FileBuilder::finish() {
    if (!impl_->chunk.empty() || impl_->levels.empty()) {
        impl_->end_chunk();
    }
    for (std::size_t level = 0;; ++level) {
        const bool top = level + 1 == impl_->levels.size();
        if (top && impl_->levels[level].size() == 1) {
            return impl_->levels[level].front().link;
        }
        impl_->add(level + 1, impl_->close(level));
    }
}

}  // namespace lamda::ipfs
