#include "ipfs/file_upload.hpp"

#include "ipfs/detail/uploader.hpp"
#include "ipfs/unixfs.hpp"

namespace lamda::ipfs {

namespace {

constexpr std::size_t kBatchBytes = 1U << 20;

}  // namespace

struct FileUpload::Impl {
    detail::Uploader uploader;
    FileBuilder builder{[this](const Block& block) { uploader.add(block); }};
};

FileUpload::FileUpload(ContentStore& store, const std::stop_token& stop)
    : impl_(new Impl{detail::Uploader(store.config_, store.http_, stop, kBatchBytes)}) {}

FileUpload::~FileUpload() = default;

void FileUpload::write(BytesView part) {
    impl_->builder.write(part);
}

Cid FileUpload::finish() {
    impl_->builder.finish();
    return impl_->uploader.finish();
}

}  // namespace lamda::ipfs
