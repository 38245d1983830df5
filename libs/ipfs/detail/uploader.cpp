#include "ipfs/detail/uploader.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/ids.hpp"

namespace lamda::ipfs::detail {

namespace {

constexpr std::size_t kMostAnswer = 1U << 20;
constexpr std::size_t kBatchBlocks = 256;

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

}  // namespace

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

Uploader::Uploader(const ContentConfig& config, net::Transport& http, const std::stop_token& stop,
                   std::size_t batch_bytes)
    : config_(config), http_(http), stop_(stop), batch_bytes_(batch_bytes) {
    if (config.api_url.empty()) {
        throw Unavailable("no content store to put into is configured (IPFS_API_URL)");
    }
}

void Uploader::add(const Block& block) {
    if (held_) {
        queue(*std::exchange(held_, block));
    } else {
        held_ = block;
    }
}

Cid Uploader::finish() {
    send(false);
    queue(*held_);
    const Cid root = held_->cid;
    send(true);
    return root;
}

void Uploader::queue(Block block) {
    const bool fits =
        batch_.empty() || (batch_.front().cid.codec() == block.cid.codec() && batch_.size() < kBatchBlocks &&
                           bytes_ + block.bytes.size() <= batch_bytes_);
    if (!fits) {
        send(false);
    }
    bytes_ += block.bytes.size();
    batch_.push_back(std::move(block));
}

void Uploader::send(bool pin) {
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
        throw Unavailable("cannot store blocks: " + net::redact_url(config_.api_url) + " returned no CIDs");
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (keys[i] != batch_[i].cid) {
            throw Mismatch("the store computed " + keys[i].to_string() + " for " + batch_[i].cid.to_string());
        }
    }
    batch_.clear();
    bytes_ = 0;
}

}  // namespace lamda::ipfs::detail
