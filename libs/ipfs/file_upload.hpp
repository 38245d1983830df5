// FileUpload: stores one file in a content store while its bytes arrive. Nothing is written to disk.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>

#include "core/cid.hpp"
#include "ipfs/content_store.hpp"

namespace lamda::ipfs {

/// Holds at most 3 MiB, whatever the size of the file. The blocks of an upload that is given up stay in the
/// store, unpinned: its garbage collection removes them.
class FileUpload {
  public:
    /// @param store must outlive the upload  @param stop ends the request in flight as Unavailable
    /// @throws Unavailable if the store has no API
    explicit FileUpload(ContentStore& store, const std::stop_token& stop = {});
    ~FileUpload();
    FileUpload(const FileUpload&) = delete;
    FileUpload& operator=(const FileUpload&) = delete;

    /// @throws Unavailable; Mismatch if the store computes another CID
    void write(BytesView part);
    /// Stores the rest, then the root, pinned. Returns the CID computed here. @throws as write()
    Cid finish();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::ipfs
