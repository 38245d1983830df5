#include "ipfs/content_store.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "crypto/digest.hpp"
#include "ipfs/detail/dag_pb.hpp"
#include "ipfs/detail/redirect.hpp"
#include "ipfs/store_url.hpp"
#include "ipfs/unixfs.hpp"

namespace lamda::ipfs {
namespace {

/// Read limit of an answer: above that of blocks, to distinguish a large block from a source that sends other
/// content.
constexpr std::size_t kMostRead = 8U << 20;
constexpr Millis kCheckTimeout{3'000};
constexpr std::size_t kMostAnswer = 1U << 20;
/// Size of an upload batch: one request for each small file would be slow.
constexpr std::size_t kBatchBytes = 4U << 20;
constexpr std::size_t kBatchBlocks = 256;

struct Source {
    std::string shown;
    net::HttpRequest request;
};

std::vector<Source> sources_of(const ContentConfig& config, const Cid& cid, const std::stop_token& stop) {
    std::vector<Source> out;
    for (const auto& gateway : config.gateways) {
        net::HttpRequest request;
        request.url = gateway + "/ipfs/" + cid.to_string() + "?format=raw";
        request.headers = {{"Accept", "application/vnd.ipld.raw"}};
        out.push_back({net::redact_url(gateway), std::move(request)});
    }
    if (!config.api_url.empty()) {
        net::HttpRequest request;
        request.method = "POST";
        request.url = config.api_url + "/api/v0/block/get?arg=" + cid.to_string();
        out.push_back({net::redact_url(config.api_url), std::move(request)});
    }
    for (auto& source : out) {
        source.request.timeout = config.timeout;
        source.request.max_body = kMostRead;
        source.request.stop = stop;
    }
    return out;
}

/// POSTs and returns the body. @throws Unavailable
std::string post(net::Transport& http, net::HttpRequest request, const std::string& what) {
    request.method = "POST";
    request.max_body = kMostAnswer;
    const std::string shown = net::redact_url(request.url);
    try {
        auto answer = http.send(request);
        if (answer.status >= 200 && answer.status < 300) {
            return std::move(answer.body);
        }
        throw Unavailable(what + ": " + shown + " answered HTTP " + std::to_string(answer.status));
    } catch (const net::TransportError& error) {
        throw Unavailable(what + ": " + shown + ": " + error.what());
    }
}

/// CIDs in the answer to block/put: one JSON object per line. Empty if the answer has another form.
std::vector<Cid> keys_of(const std::string& answer) {
    std::vector<Cid> out;
    std::size_t start = 0;
    while (start < answer.size()) {
        const std::size_t end = std::min(answer.find('\n', start), answer.size());
        const auto line =
            nlohmann::json::parse(answer.begin() + static_cast<std::ptrdiff_t>(start),
                                  answer.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
        start = end + 1;
        const bool keyed = line.is_object() && line.contains("Key") && line["Key"].is_string();
        const auto cid = keyed ? Cid::parse(line["Key"].get<std::string>()) : Result<Cid>(Error{});
        if (!cid) {
            return {};
        }
        out.push_back(*cid);
    }
    return out;
}

/// Uploads blocks, children before parents, and compares each CID that the store computes with ours.
class Uploader {
  public:
    Uploader(const ContentConfig& config, net::Transport& http, const std::stop_token& stop)
        : config_(config), http_(http), stop_(stop) {
        if (config.api_url.empty()) {
            throw Unavailable("no content store to put into is configured (IPFS_API_URL)");
        }
    }

    void add(const Block& block) {
        // The last block is the root: it is held back, and uploaded and pinned after all others.
        if (held_) {
            queue(*std::exchange(held_, block));
        } else {
            held_ = block;
        }
    }

    Cid finish() {
        send(false);
        queue(*held_);
        const Cid root = held_->cid;
        send(true);
        return root;
    }

  private:
    void queue(Block block) {
        const bool fits =
            batch_.empty() || (batch_.front().cid.codec() == block.cid.codec() &&
                               batch_.size() < kBatchBlocks && bytes_ + block.bytes.size() <= kBatchBytes);
        if (!fits) {
            send(false);
        }
        bytes_ += block.bytes.size();
        batch_.push_back(std::move(block));
    }

    void send(bool pin) {
        if (batch_.empty()) {
            return;
        }
        const std::string boundary = "lamda-" + random_id();
        const bool raw = batch_.front().cid.codec() == CidCodec::kRaw;
        net::HttpRequest request;
        request.url = config_.api_url +
                      "/api/v0/block/put?mhtype=sha2-256&cid-codec=" + (raw ? "raw" : "dag-pb") +
                      "&allow-big-block=true&pin=" + (pin ? "true" : "false");
        request.headers = {{"Content-Type", "multipart/form-data; boundary=" + boundary}};
        request.timeout = config_.timeout;
        request.stop = stop_;
        request.body.reserve(bytes_ + batch_.size() * 256);
        for (const auto& block : batch_) {
            request.body += "--" + boundary +
                            "\r\nContent-Disposition: form-data; name=\"data\"; filename=\"block\"\r\n"
                            "Content-Type: application/octet-stream\r\n\r\n";
            request.body += as_string(block.bytes) + "\r\n";
        }
        request.body += "--" + boundary + "--\r\n";
        const auto keys = keys_of(post(http_, std::move(request), "cannot store blocks"));
        if (keys.size() != batch_.size()) {
            throw Unavailable("cannot store blocks: " + net::redact_url(config_.api_url) +
                              " returned no CIDs");
        }
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (keys[i] != batch_[i].cid) {
                throw Mismatch("the store computed " + keys[i].to_string() + " for " +
                               batch_[i].cid.to_string());
            }
        }
        batch_.clear();
        bytes_ = 0;
    }

    const ContentConfig& config_;
    net::Transport& http_;
    std::stop_token stop_;
    std::optional<Block> held_;
    std::vector<Block> batch_;
    std::size_t bytes_ = 0;
};

void pin_elsewhere(const ContentConfig& config, net::Transport& http, const Cid& cid,
                   const std::stop_token& stop) {
    if (config.pinata_jwt.empty()) {
        return;
    }
    net::HttpRequest request;
    request.url = config.pinata_url + "/pinning/pinByHash";
    request.headers = {{"Content-Type", "application/json"},
                       {"Authorization", "Bearer " + config.pinata_jwt}};
    request.body = nlohmann::json{{"hashToPin", cid.to_string()}}.dump();
    request.timeout = config.timeout;
    request.stop = stop;
    post(http, std::move(request), "cannot pin " + cid.to_string());
}

}  // namespace

ContentStore::ContentStore(ContentConfig config, net::Transport& http)
    : config_(std::move(config)), http_(http) {
    // Normalizes the URLs. A malformed URL fails when it is used.
    if (auto url = parse_api_url(config_.api_url)) {
        config_.api_url = *std::move(url);
    }
    for (auto& gateway : config_.gateways) {
        if (auto url = parse_gateway_url(gateway)) {
            gateway = *std::move(url);
        }
    }
    while (config_.pinata_url.ends_with('/')) {
        config_.pinata_url.pop_back();
    }
}

void ContentStore::check() {
    net::HttpRequest request;
    request.url = config_.api_url + "/api/v0/version";
    request.timeout = kCheckTimeout;
    post(http_, std::move(request), "the content store does not answer");
}

Bytes ContentStore::block(const Cid& cid, const std::stop_token& stop) {
    if (verifies(cid, {})) {
        return {};
    }
    std::string why;
    bool wrong_bytes = false;
    for (auto& source : sources_of(config_, cid, stop)) {
        if (stop.stop_requested()) {
            break;
        }
        std::string said;
        try {
            const auto answer = send_following(http_, source.request);
            if (answer.status == 200 && verifies(cid, as_bytes(answer.body))) {
                if (answer.body.size() > detail::kMostBlockBytes) {
                    throw TooLarge(cid.to_string() + " has more than 2 MiB in one block");
                }
                return Bytes(answer.body.begin(), answer.body.end());
            }
            wrong_bytes = wrong_bytes || answer.status == 200;
            said =
                answer.status == 200 ? "sent other bytes" : "answered HTTP " + std::to_string(answer.status);
        } catch (const net::TransportError& error) {
            wrong_bytes = wrong_bytes || error.kind() == net::TransportError::Kind::kTooLarge;
            said = error.what();
        }
        why += (why.empty() ? "" : "; ") + source.shown + ": " + said;
    }
    why = cid.to_string() + ": " + (why.empty() ? "no content store is configured" : why);
    if (wrong_bytes) {
        throw WrongBytes(why);
    }
    throw Unavailable(why);
}

Cid ContentStore::put(const std::string& path, const std::stop_token& stop) {
    Uploader uploader(config_, http_, stop);
    const auto root = add_path(path, [&](const Block& block) { uploader.add(block); });
    if (!root) {
        throw std::invalid_argument(root.error().message);
    }
    uploader.finish();
    pin_elsewhere(config_, http_, root->cid, stop);
    return root->cid;
}

}  // namespace lamda::ipfs
