#include "ipfs/content_store.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/deadline.hpp"
#include "ipfs/detail/dag_pb.hpp"
#include "ipfs/detail/redirect.hpp"
#include "ipfs/detail/uploader.hpp"
#include "ipfs/store_url.hpp"
#include "ipfs/unixfs.hpp"

namespace lamda::ipfs {
namespace {

/// Read limit of an answer: above that of blocks, to distinguish a large block from a source that sends other
/// content.
constexpr std::size_t kMostRead = 8U << 20;
constexpr Millis kCheckTimeout{3'000};
/// For a block that the API has on its disk.
constexpr Millis kOwnBlockTimeout{5'000};

struct Source {
    std::string shown;
    net::HttpRequest request;
};

std::vector<Source> sources_of(const ContentConfig& config, const Cid& cid, const std::stop_token& stop) {
    std::vector<Source> out;
    const auto add_api = [&](const char* option, Millis timeout) {
        net::HttpRequest request;
        request.method = "POST";
        request.url = config.api_url + "/api/v0/block/get?arg=" + cid.to_string() + option;
        request.timeout = timeout;
        out.push_back({net::redact_url(config.api_url), std::move(request)});
    };
    // A node that searches the network for a block may take the whole timeout: the gateways come before that.
    if (!config.api_url.empty() && !config.gateways.empty()) {
        add_api("&offline=true", std::min(config.timeout, kOwnBlockTimeout));
    }
    for (const auto& gateway : config.gateways) {
        net::HttpRequest request;
        request.url = gateway + "/ipfs/" + cid.to_string() + "?format=raw";
        request.headers = {{"Accept", "application/vnd.ipld.raw"}};
        request.timeout = config.timeout;
        out.push_back({net::redact_url(gateway), std::move(request)});
    }
    if (!config.api_url.empty()) {
        add_api("", config.timeout);
    }
    for (auto& source : out) {
        source.request.max_body = kMostRead;
        source.request.stop = stop;
    }
    return out;
}

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
    detail::post(http, std::move(request), "cannot pin " + cid.to_string());
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
    detail::post(http_, std::move(request), "the content store does not answer");
}

Bytes ContentStore::block(const Cid& cid, const std::stop_token& stop, std::optional<Millis> longest) {
    if (verifies(cid, {})) {
        return {};
    }
    std::string why;
    bool wrong_bytes = false;
    auto sources = sources_of(config_, cid, stop);
    const auto limit = longest ? longest : config_.longest;
    const SystemClock clock;
    const Deadline deadline(clock, limit.value_or(Millis(0)));
    auto not_asked = static_cast<std::int64_t>(sources.size());
    for (auto& source : sources) {
        if (stop.stop_requested()) {
            break;
        }
        if (limit) {
            // At least 1 ms: libcurl takes 0 for no timeout.
            const auto share = std::max(deadline.left() / not_asked, Millis(1));
            source.request.timeout = std::min(source.request.timeout, share);
        }
        --not_asked;
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
    detail::Uploader uploader(config_, http_, stop);
    const auto root = add_path(path, [&](const Block& block) { uploader.add(block); });
    if (!root) {
        throw std::invalid_argument(root.error().message);
    }
    uploader.finish();
    pin_elsewhere(config_, http_, root->cid, stop);
    return root->cid;
}

}  // namespace lamda::ipfs
