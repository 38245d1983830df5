// Content-store clients: an IPFS node's HTTP interface, trustless gateways. Everything that is read is
// verified block by block against the CID that was asked for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/cid.hpp"
#include "core/clock.hpp"
#include "net/http_client.hpp"

namespace lamda::ipfs {

/// No source has it, or none answers: try again later.
class Unavailable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// A source sent other bytes than the CID names, and no other source did better.
class Mismatch : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// More than the caller allows.
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

class ContentStore {
  public:
    ContentStore(ContentConfig config, net::HttpClient& http);
    /// One block, verified; gateways and API tried in turn. @throws Unavailable, Mismatch, TooLarge (over 2
    /// MiB)
    Bytes block(const Cid& cid);
    /// A file or directory, as `path` itself (which must not exist, or be an empty folder for a directory),
    /// verified, streamed. Files get mode 0644, folders 0755; what was written is removed when it fails.
    /// @throws Unavailable; Mismatch, also when what was asked for is no tree of files; TooLarge when all
    /// files together pass max_bytes, or there are over 100,000 entries; std::system_error when it cannot be
    /// written
    void fetch(const Cid& cid, const std::string& path, std::uint64_t max_bytes);
    /// Stores the folder; returns the CID computed by us. @throws Unavailable; Mismatch when the store
    /// computes another
    /// @throws also std::invalid_argument when the folder cannot be stored (a link or special file in it)
    Cid put_directory(const std::string& path);
    Cid put_block(BytesView bytes, CidCodec codec);
    Cid put_file(const std::string& path);

  private:
    ContentConfig config_;
    net::HttpClient& http_;
};

}  // namespace lamda::ipfs
