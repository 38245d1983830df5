#include "ipfs/detail/target_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "ipfs/detail/dag_pb.hpp"
#include "ipfs/detail/file_io.hpp"

namespace lamda::ipfs::detail {

TargetFile::TargetFile(const std::string& path, Open how)
    : path_(path),
      fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | (how == Open::kNew ? O_EXCL : 0),
                 0644)) {
    struct stat info{};
    if (fd_ < 0 || ::fchmod(fd_, 0644) != 0 || ::fstat(fd_, &info) != 0) {
        const int error = errno;
        if (fd_ >= 0) {
            ::close(fd_);
        }
        errno = error;
        fail_io("cannot create " + path_);
    }
    old_size_ = static_cast<std::uint64_t>(info.st_size);
}

TargetFile::~TargetFile() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

std::optional<Bytes> TargetFile::present_block(const Cid& cid, std::uint64_t size) {
    if (size == 0 || size > kMostBlockBytes || at_ + size > old_size_) {
        return std::nullopt;
    }
    Bytes content = read_at(fd_, at_, static_cast<std::size_t>(size), path_);
    if (content.size() != size) {
        return std::nullopt;
    }
    if (cid.codec() == CidCodec::kRaw) {
        if (!verifies(cid, content)) {
            return std::nullopt;
        }
        present_ = size;
        return content;
    }
    for (const auto type : {Node::Type::kFile, Node::Type::kRaw}) {
        Bytes leaf = encode_leaf(type, content);
        if (verifies(cid, leaf)) {
            present_ = size;
            return leaf;
        }
    }
    return std::nullopt;
}

bool TargetFile::write(BytesView content) {
    if (std::exchange(present_, 0) != content.size()) {
        write_at(fd_, at_, content, path_);
    }
    at_ += content.size();
    return !content.empty() && at_ > old_size_;
}

void TargetFile::close() {
    const bool cut = at_ >= old_size_ || ::ftruncate(fd_, static_cast<off_t>(at_)) == 0;
    if (::close(std::exchange(fd_, -1)) != 0 || !cut) {
        fail_io("cannot write " + path_);
    }
}

}  // namespace lamda::ipfs::detail
