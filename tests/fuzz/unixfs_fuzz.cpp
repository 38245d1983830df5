// UnixFS nodes: an accepted node is consistent.
#include "ipfs/unixfs.hpp"
#include "require.hpp"

using namespace lamda;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto node = ipfs::parse_node(BytesView(data, size));
    if (!node) {
        return 0;
    }
    fuzz::require(node->data.size() + node->links.size() <= size, "reads stay within the input");
    if (node->type == ipfs::Node::Type::kFile) {
        std::uint64_t total = node->data.size();
        for (const auto part : node->block_sizes) {
            total += part;
        }
        fuzz::require(total == node->file_size, "a file's size is the sum of its parts");
        fuzz::require(node->links.size() == node->block_sizes.size(), "each part has a size");
    }
    if (node->type == ipfs::Node::Type::kDirectory) {
        (void)ipfs::make_directory(node->links);
    }
    return 0;
}
