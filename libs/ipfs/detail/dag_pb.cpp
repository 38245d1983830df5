#include "ipfs/detail/dag_pb.hpp"

#include <numeric>

#include "crypto/digest.hpp"
#include "ipfs/detail/protobuf.hpp"

namespace lamda::ipfs {
namespace {

using detail::ProtoField;
using detail::ProtoReader;

// PBNode
constexpr std::uint32_t kNodeData = 1;
constexpr std::uint32_t kNodeLinks = 2;
// PBLink
constexpr std::uint32_t kLinkHash = 1;
constexpr std::uint32_t kLinkName = 2;
constexpr std::uint32_t kLinkTsize = 3;
// UnixFS Data
constexpr std::uint32_t kType = 1;
constexpr std::uint32_t kData = 2;
constexpr std::uint32_t kFileSize = 3;
constexpr std::uint32_t kBlockSizes = 4;
constexpr std::uint32_t kHashType = 5;
constexpr std::uint32_t kFanout = 6;
constexpr std::uint64_t kTypeDirectory = 1;
constexpr std::uint64_t kTypeFile = 2;
constexpr std::uint64_t kTypeShard = 5;
constexpr std::uint64_t kMurmur3X64 = 0x22;  // multicodec murmur3-x64-64
constexpr std::uint64_t kShardFanout = 256;

Error bad(const std::string& why) {
    return Error{"invalid_unixfs", "not a UnixFS node: " + why, ""};
}

Bytes encode_node(const std::vector<Link>& links, const Bytes& unixfs) {
    Bytes out;
    // Links come first, although their field number is higher: dag-pb specifies so, for historical reasons.
    for (const auto& link : links) {
        Bytes encoded;
        detail::put_bytes(encoded, kLinkHash, link.cid.bytes());
        detail::put_bytes(encoded, kLinkName, as_bytes(link.name));
        detail::put_number(encoded, kLinkTsize, link.total_size);
        detail::put_bytes(out, kNodeLinks, encoded);
    }
    detail::put_bytes(out, kNodeData, unixfs);
    return out;
}

Result<Link> parse_link(BytesView bytes) {
    ProtoReader reader(bytes);
    std::optional<Cid> cid;
    Link link{"", Cid(CidCodec::kRaw, {}), 0};
    std::uint32_t last = 0;
    while (const auto field = reader.next()) {
        // Ascending: no field occurs twice, and a link has one encoding only.
        if (field->number <= last || field->number > kLinkTsize ||
            field->is_bytes != (field->number != kLinkTsize)) {
            return bad("a link's fields are out of order or unknown");
        }
        last = field->number;
        if (field->number == kLinkHash) {
            auto parsed = Cid::from_bytes(field->bytes);
            if (!parsed) {
                return bad("a link is " + parsed.error().message);
            }
            cid = *parsed;
        } else if (field->number == kLinkName) {
            link.name = as_string(field->bytes);
        } else {
            link.total_size = field->value;
        }
    }
    if (!reader.ok() || !cid) {
        return bad("a link is cut or has no hash");
    }
    link.cid = *cid;
    return link;
}

std::optional<Node::Type> type_of(std::uint64_t number) {
    switch (number) {
        case 0:
            return Node::Type::kRaw;
        case kTypeDirectory:
            return Node::Type::kDirectory;
        case kTypeFile:
            return Node::Type::kFile;
        case 3:
            return Node::Type::kMetadata;
        case 4:
            return Node::Type::kSymlink;
        case kTypeShard:
            return Node::Type::kHamtShard;
        default:
            return std::nullopt;
    }
}

/// Reads one field of UnixFS' Data message; false if it is not allowed there. Ignores mode and mtime (7, 8):
/// files are written with fixed modes.
bool read_unixfs_field(const ProtoField& field, Node& node) {
    if (field.number == kData || (field.number == kBlockSizes && field.is_bytes) || field.number == 8) {
        if (!field.is_bytes) {
            return false;
        }
        if (field.number == kData) {
            node.data.assign(field.bytes.begin(), field.bytes.end());
        } else if (field.number == kBlockSizes) {
            ProtoReader packed(field.bytes);
            while (!packed.at_end()) {
                const auto size = packed.varint();
                if (!size) {
                    return false;
                }
                node.block_sizes.push_back(*size);
            }
        }
        return true;
    }
    if (field.is_bytes || field.number > 8) {
        return false;
    }
    if (field.number == kFileSize) {
        node.file_size = field.value;
    } else if (field.number == kBlockSizes) {
        node.block_sizes.push_back(field.value);
    } else if (field.number == kFanout) {
        node.fanout = field.value;
    }
    return true;
}

Result<Ok> parse_unixfs(BytesView bytes, Node& node) {
    ProtoReader reader(bytes);
    bool typed = false;
    bool sized = false;
    std::uint32_t last = 0;
    while (const auto field = reader.next()) {
        if (field->number < last || (field->number == last && field->number != kBlockSizes)) {
            return bad("its fields are out of order");
        }
        last = field->number;
        if (field->number == kType && !field->is_bytes) {
            const auto type = type_of(field->value);
            if (!type) {
                return bad("its type is unknown");
            }
            node.type = *type;
            typed = true;
            continue;
        }
        if (!read_unixfs_field(*field, node)) {
            return bad("a field is unknown or of the wrong kind");
        }
        sized = sized || field->number == kFileSize;
    }
    if (!reader.ok() || !typed) {
        return bad("it is cut or has no type");
    }
    const bool file = node.type == Node::Type::kFile || node.type == Node::Type::kRaw;
    if (!file) {
        return node.block_sizes.empty() ? Result<Ok>(Ok{}) : bad("only files have block sizes");
    }
    if (node.block_sizes.size() != node.links.size()) {
        return bad("it has other than one size for each link");
    }
    std::uint64_t total = node.data.size();
    for (const auto size : node.block_sizes) {
        if (__builtin_add_overflow(total, size, &total)) {
            return bad("its sizes overflow");
        }
    }
    if (sized && node.file_size != total) {
        return bad("its size is not the sum of its parts");
    }
    node.file_size = total;
    return Ok{};
}

}  // namespace

namespace detail {

Bytes encode_file(const std::vector<Link>& links, const std::vector<std::uint64_t>& block_sizes) {
    Bytes unixfs;
    put_number(unixfs, kType, kTypeFile);
    put_number(unixfs, kFileSize, std::accumulate(block_sizes.begin(), block_sizes.end(), std::uint64_t{0}));
    for (const auto size : block_sizes) {
        put_number(unixfs, kBlockSizes, size);
    }
    return encode_node(links, unixfs);
}

Bytes encode_leaf(Node::Type type, BytesView content) {
    Bytes unixfs;
    put_number(unixfs, kType, type == Node::Type::kRaw ? 0 : kTypeFile);
    put_bytes(unixfs, kData, content);
    put_number(unixfs, kFileSize, content.size());
    return encode_node({}, unixfs);
}

Bytes encode_directory(const std::vector<Link>& links) {
    Bytes unixfs;
    put_number(unixfs, kType, kTypeDirectory);
    return encode_node(links, unixfs);
}

Bytes encode_shard(const std::vector<Link>& links, BytesView bitfield) {
    Bytes unixfs;
    put_number(unixfs, kType, kTypeShard);
    put_bytes(unixfs, kData, bitfield);
    put_number(unixfs, kHashType, kMurmur3X64);
    put_number(unixfs, kFanout, kShardFanout);
    return encode_node(links, unixfs);
}

Cid emit(CidCodec codec, Bytes bytes, const BlockSink& sink) {
    const Cid cid(codec, crypto::sha256(bytes));
    if (sink) {
        sink(Block{cid, std::move(bytes)});
    }
    return cid;
}

}  // namespace detail

bool verifies(const Cid& cid, BytesView bytes) {
    return crypto::sha256(bytes) == cid.digest();
}

Result<Node> parse_node(BytesView bytes) {
    ProtoReader reader(bytes);
    Node node;
    std::optional<BytesView> unixfs;
    bool links_ended = false;
    while (const auto field = reader.next()) {
        if (!field->is_bytes || (field->number != kNodeData && field->number != kNodeLinks)) {
            return bad("a field is unknown or of the wrong kind");
        }
        if (field->number == kNodeData) {
            if (unixfs) {
                return bad("it has data twice");
            }
            unixfs = field->bytes;
            links_ended = !node.links.empty();
            continue;
        }
        if (links_ended) {
            return bad("its links are not together");
        }
        auto link = parse_link(field->bytes);
        if (!link) {
            return link.error();
        }
        node.links.push_back(*std::move(link));
    }
    if (!reader.ok() || !unixfs) {
        return bad("it is cut or has no data");
    }
    if (const auto parsed = parse_unixfs(*unixfs, node); !parsed) {
        return parsed.error();
    }
    return node;
}

}  // namespace lamda::ipfs
