#include "ipfs/detail/node_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "ipfs/detail/file_io.hpp"
#include "ipfs/unixfs.hpp"

namespace lamda::ipfs::detail {
namespace {

constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kHeadBytes = kDigestBytes + 4;

}  // namespace

NodeLog::NodeLog(const std::string& path, std::uint64_t most_bytes)
    : path_(path),
      most_bytes_(most_bytes),
      fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) {
    if (fd_ < 0) {
        fail_io("cannot create " + path_);
    }
    try {
        read_index();
    } catch (...) {
        ::close(fd_);
        throw;
    }
}

NodeLog::~NodeLog() {
    ::close(fd_);
}

void NodeLog::read_index() {
    struct stat info{};
    if (::fstat(fd_, &info) != 0) {
        fail_io("cannot read " + path_);
    }
    const auto size = static_cast<std::uint64_t>(info.st_size);
    while (end_ + kHeadBytes <= size) {
        const Bytes head = read_at(fd_, end_, kHeadBytes, path_);
        if (head.size() < kHeadBytes) {
            return;
        }
        Bytes32 digest;
        std::copy_n(head.begin(), kDigestBytes, digest.array().begin());
        std::uint32_t length = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            length |= std::uint32_t{head[kDigestBytes + i]} << (8 * i);
        }
        if (length > size - end_ - kHeadBytes) {
            return;
        }
        index_[digest] = {end_ + kHeadBytes, length};
        end_ += kHeadBytes + length;
    }
}

std::optional<Bytes> NodeLog::find(const Cid& cid) const {
    const auto found = index_.find(cid.digest());
    if (cid.codec() != CidCodec::kDagPb || found == index_.end()) {
        return std::nullopt;
    }
    Bytes block = read_at(fd_, found->second.offset, found->second.length, path_);
    return verifies(cid, block) ? std::optional(std::move(block)) : std::nullopt;
}

bool NodeLog::add(const Cid& cid, BytesView block) {
    if (cid.codec() != CidCodec::kDagPb || end_ + kHeadBytes + block.size() > most_bytes_) {
        return false;
    }
    Bytes record(cid.digest().array().begin(), cid.digest().array().end());
    const auto length = static_cast<std::uint32_t>(block.size());
    for (unsigned shift = 0; shift < 32; shift += 8) {
        record.push_back(static_cast<std::uint8_t>(length >> shift));
    }
    record.insert(record.end(), block.begin(), block.end());
    write_at(fd_, end_, record, path_);
    index_[cid.digest()] = {end_ + kHeadBytes, length};
    end_ += record.size();
    return true;
}

}  // namespace lamda::ipfs::detail
