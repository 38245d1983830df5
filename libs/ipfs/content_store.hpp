// Clients of content stores: the HTTP interface of an IPFS node, and trustless gateways. Every block that is
// read is verified against its CID.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/cid.hpp"
#include "core/clock.hpp"
#include "net/transport.hpp"

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

struct ContentConfig {
    std::string api_url = {};  ///< serves `/api/v0`; may be empty (then nothing can be stored)
    std::vector<std::string>
        gateways;                 ///< serve `/ipfs/<cid>?format=raw`; with or without `/ipfs` at the end
    std::string pinata_jwt = {};  ///< pins stored content, if set
    Millis timeout{60'000};
    std::string pinata_url = "https://api.pinata.cloud";
};

/// A requested stop ends the request in flight within about a second, as Unavailable.
class ContentStore {
  public:
    ContentStore(ContentConfig config, net::Transport& http);
    /// Checks that the store for outputs answers. @throws Unavailable
    void check();
    /// One block, verified; tries gateways and API in turn and follows redirects. @throws Unavailable (also
    /// WrongBytes); TooLarge if the block with this CID has more than 2 MiB
    Bytes block(const Cid& cid, const std::stop_token& stop = {});
    /// Streams a file or directory to `path` (which must not exist, or be an empty folder for a directory),
    /// verified. Files get mode 0644, folders 0755; on failure the written files are removed. @throws
    /// Unavailable; Mismatch if the content is not a tree of files; TooLarge if all files together exceed
    /// max_bytes, or there are over 100,000 entries; std::system_error on a write error
    void fetch(const Cid& cid, const std::string& path, std::uint64_t max_bytes,
               const std::stop_token& stop = {});
    /// Stores a file or folder; returns the CID computed here. @throws Unavailable; Mismatch if the store
    /// computes another CID; std::invalid_argument if a folder cannot be stored (it holds a link or special
    /// file)
    Cid put(const std::string& path, const std::stop_token& stop = {});

  private:
    ContentConfig config_;
    net::Transport& http_;
};

}  // namespace lamda::ipfs
