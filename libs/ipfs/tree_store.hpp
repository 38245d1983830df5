// Interface of a store of file trees that are addressed by their CID, and the errors of every such store.
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <stop_token>
#include <string>

#include "core/cid.hpp"

namespace lamda::ipfs {

/// No source has the content, or none answers: retry later.
class Unavailable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// No source has the content now, and at least one sent bytes that do not match the CID: a fault of the
/// source (a web page under 200, a truncated or forged answer), not a property of the content.
class WrongBytes : public Unavailable {
  public:
    using Unavailable::Unavailable;
};
/// Verified blocks are not a tree of files, or a store computed another CID.
class Mismatch : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// Verified blocks show more content than the caller allows.
class TooLarge : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// A requested stop ends the request in flight within about a second, as Unavailable.
class TreeStore {
  public:
    virtual ~TreeStore() = default;
    /// Streams a file or directory to `path` (which must not exist, or be an empty folder for a directory),
    /// verified. Files get mode 0644, folders 0755; on failure the written files are removed. @throws
    /// Unavailable; Mismatch if the content is not a tree of files; TooLarge if all files together exceed
    /// max_bytes, there are over 100,000 entries, or more blocks or nodes than such files need (a tree may
    /// link the same block any number of times); std::system_error on a write error
    virtual void fetch(const Cid& cid, const std::string& path, std::uint64_t max_bytes,
                       const std::stop_token& stop) = 0;
    /// As fetch(), but goes on from what an earlier call with this CID, also of a killed process, has left at
    /// `path`: a block whose content is there is verified and not requested again. Unavailable and
    /// std::system_error keep the files for the next call; Mismatch and TooLarge remove them. Inner nodes are
    /// in the file `path` + ".nodes" until success (at most 16 MiB). No other user may write to `path`.
    /// @param on_progress called after each block that the next call will not request again
    virtual void fetch_resumable(const Cid& cid, const std::string& path, std::uint64_t max_bytes,
                                 const std::stop_token& stop, const std::function<void()>& on_progress) = 0;
    /// Stores a file or folder; returns the CID computed here. @throws Unavailable; Mismatch if the store
    /// computes another CID; std::invalid_argument if a folder cannot be stored (it holds a link or special
    /// file)
    virtual Cid put(const std::string& path, const std::stop_token& stop) = 0;
};

}  // namespace lamda::ipfs
