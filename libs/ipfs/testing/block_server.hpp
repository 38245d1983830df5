// A gateway in memory for tests: serves added blocks, counts requests, and can cut its connections.
#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "ipfs/detail/dag_pb.hpp"
#include "ipfs/detail/protobuf.hpp"
#include "ipfs/testing/answering_server.hpp"
#include "ipfs/unixfs.hpp"

namespace lamda::ipfs {

class BlockServer {
  public:
    static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

    const std::string& url() const { return server_.url(); }

    Cid add(CidCodec codec, const Bytes& bytes) { return detail::emit(codec, bytes, sink()); }
    Cid add_text(const std::string& text) { return add(CidCodec::kRaw, Bytes(text.begin(), text.end())); }
    Cid add_directory(const std::vector<Link>& links) {
        return add(CidCodec::kDagPb, detail::encode_directory(links));
    }
    Cid add_shard(const std::vector<Link>& links, std::uint64_t fanout) {
        Bytes unixfs;
        detail::put_number(unixfs, 1, 5);
        detail::put_number(unixfs, 5, 0x22);  // murmur3-x64-64
        detail::put_number(unixfs, 6, fanout);
        // A directory's node, with other data: dag-pb has the links first.
        Bytes node = detail::encode_directory(links);
        node.resize(node.size() - detail::encode_directory({}).size());
        detail::put_bytes(node, 1, unixfs);
        return add(CidCodec::kDagPb, node);
    }
    Cid add_file(const std::vector<Cid>& parts, const std::vector<std::uint64_t>& sizes) {
        std::vector<Link> links;
        for (const auto& part : parts) {
            links.push_back({"", part, 0});
        }
        return add(CidCodec::kDagPb, detail::encode_file(links, sizes));
    }
    /// Adds what is passed to it.
    BlockSink sink() {
        return [this](const Block& block) {
            const std::lock_guard lock(mutex_);
            blocks_[block.cid.to_string()] = block.bytes;
        };
    }

    /// Serves other bytes for the CID from now on.
    void damage(const Cid& cid) {
        const std::lock_guard lock(mutex_);
        blocks_[cid.to_string()] = {'x'};
    }
    /// Sends that many more bytes of blocks, then cuts each connection: the current one within a block.
    void cut_after(std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        left_ = bytes;
    }
    int requests() const { return server_.requests(); }
    /// Requests by CID that were answered completely, since the last call.
    std::map<std::string, int> take_served() {
        const std::lock_guard lock(mutex_);
        return std::exchange(served_, {});
    }
    std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return blocks_.size();
    }

  private:
    AnsweringServer::Answer answer(const AnsweringServer::Request& request) {
        const std::lock_guard lock(mutex_);
        const auto begin = request.head.find("/ipfs/") + 6;
        const auto name = request.head.substr(begin, request.head.find("?format=raw ", begin) - begin);
        const auto found = blocks_.find(name);
        if (!request.has("GET /ipfs/") || found == blocks_.end()) {
            return {404, "no such block"};
        }
        AnsweringServer::Answer out{200, as_string(found->second)};
        out.sent = std::min(out.body.size(), left_);
        if (out.sent == out.body.size()) {
            ++served_[name];
        }
        left_ -= left_ == kNoLimit ? 0 : out.sent;
        return out;
    }

    mutable std::mutex mutex_;
    std::map<std::string, Bytes> blocks_;
    std::map<std::string, int> served_;
    std::size_t left_ = kNoLimit;
    AnsweringServer server_{[this](const AnsweringServer::Request& request) { return answer(request); }};
};

}  // namespace lamda::ipfs
