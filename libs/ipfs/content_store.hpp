// Clients of content stores: the HTTP interface of an IPFS node, and trustless gateways. Every block that is
// read is verified against its CID.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/cid.hpp"
#include "core/clock.hpp"
#include "ipfs/tree_store.hpp"
#include "net/transport.hpp"

namespace lamda::ipfs {

struct ContentConfig {
    std::string api_url = {};  ///< serves `/api/v0`; may be empty (then nothing can be stored)
    std::vector<std::string>
        gateways;                 ///< serve `/ipfs/<cid>?format=raw`; with or without `/ipfs` at the end
    std::string pinata_jwt = {};  ///< pins stored content, if set
    Millis timeout{60'000};       ///< of one request
    /// For one block from all sources together; absent: `timeout` for each.
    std::optional<Millis> longest = {};
    std::string pinata_url = "https://api.pinata.cloud";
};

/// A requested stop ends the request in flight within about a second, as Unavailable.
class ContentStore final : public TreeStore {
  public:
    ContentStore(ContentConfig config, net::Transport& http);
    /// Checks that the store for outputs answers. @throws Unavailable
    void check();
    /// One block, verified. Asks for the API's own blocks, then the gateways, then the API, which may search
    /// the network; follows redirects. @param longest in place of the configured one; sources that do not
    /// answer leave the others their share of it  @throws Unavailable (also WrongBytes); TooLarge if the
    /// block with this CID has more than 2 MiB
    Bytes block(const Cid& cid, const std::stop_token& stop = {}, std::optional<Millis> longest = {});
    void fetch(const Cid& cid, const std::string& path, std::uint64_t max_bytes,
               const std::stop_token& stop = {}) override;
    void fetch_resumable(const Cid& cid, const std::string& path, std::uint64_t max_bytes,
                         const std::stop_token& stop = {},
                         const std::function<void()>& on_progress = {}) override;
    Cid put(const std::string& path, const std::stop_token& stop = {}) override;

  private:
    friend class FileUpload;
    ContentConfig config_;
    net::Transport& http_;
};

}  // namespace lamda::ipfs
