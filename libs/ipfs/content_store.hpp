// Content-store clients: an IPFS node's HTTP interface, trustless gateways. Everything that is read is
// verified block by block against the CID that was asked for.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/cid.hpp"
#include "core/clock.hpp"
#include "net/transport.hpp"

namespace lamda::ipfs {

/// No source has it, or none answers: try again later.
class Unavailable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// No source has it now, and at least one sent other bytes than the CID names. That is the source's fault (a
/// web page under 200, a cut answer, a lie) and says nothing about the content.
class WrongBytes : public Unavailable {
  public:
    using Unavailable::Unavailable;
};
/// Blocks that bear their CIDs are not what was asked for (no tree of files), or a store computes another
/// CID.
class Mismatch : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// More than the caller allows, shown by blocks that bear their CIDs.
class TooLarge : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct ContentConfig {
    std::string api_url = {};  ///< serves `/api/v0`; may be empty (then nothing can be stored)
    std::vector<std::string>
        gateways;                 ///< serve `/ipfs/<cid>?format=raw`; with or without `/ipfs` at the end
    std::string pinata_jwt = {};  ///< pins what was stored, when set
    Millis timeout{60'000};
    std::string pinata_url = "https://api.pinata.cloud";
};

/// A stop requested ends the exchange that is under way within about a second, as Unavailable.
class ContentStore {
  public:
    ContentStore(ContentConfig config, net::Transport& http);
    /// Whether the store that takes outputs answers. @throws Unavailable
    void check();
    /// One block, verified; gateways and API tried in turn, their redirects followed. @throws Unavailable
    /// (also WrongBytes); TooLarge when the block that the CID names has over 2 MiB
    Bytes block(const Cid& cid, const std::stop_token& stop = {});
    /// A file or directory, as `path` itself (which must not exist, or be an empty folder for a directory),
    /// verified, streamed. Files get mode 0644, folders 0755; what was written is removed when it fails.
    /// @throws Unavailable; Mismatch when what was asked for is no tree of files; TooLarge when all files
    /// together pass max_bytes, or there are over 100,000 entries; std::system_error when it cannot be
    /// written
    void fetch(const Cid& cid, const std::string& path, std::uint64_t max_bytes,
               const std::stop_token& stop = {});
    /// Stores the folder; returns the CID computed by us. @throws Unavailable; Mismatch when the store
    /// computes another
    /// @throws also std::invalid_argument when the folder cannot be stored (a link or special file in it)
    Cid put_directory(const std::string& path, const std::stop_token& stop = {});
    Cid put_block(BytesView bytes, CidCodec codec);
    Cid put_file(const std::string& path);

  private:
    ContentConfig config_;
    net::Transport& http_;
};

}  // namespace lamda::ipfs
