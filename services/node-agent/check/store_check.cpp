// Content store part of the checks.
#include <fmt/format.h>

#include "crypto/digest.hpp"
#include "ipfs/content_store.hpp"
#include "services/node-agent/check/checks.hpp"

namespace lamda::agent {

namespace {

constexpr Millis kTimeout{10'000};
constexpr auto kStore = "IPFS store";
constexpr int kOkStatus = 200;

Finding check_gateway(net::Transport& http, const std::string& gateway, const Cid& cid) {
    const auto name = "IPFS gateway " + net::redact_url(gateway);
    net::HttpRequest request;
    request.url = gateway + "/ipfs/" + cid.to_string() + "?format=raw";
    request.timeout = kTimeout;
    try {
        const auto answer = http.send(request);
        if (answer.status == kOkStatus && Cid(cid.codec(), crypto::sha256(as_bytes(answer.body))) == cid) {
            return {name, CheckResult::kOk, "served the block that was written to the store"};
        }
        return {name, CheckResult::kWarning, fmt::format("answered {} for a new block", answer.status),
                "no fault if it is a public gateway, which finds new content late"};
    } catch (const net::TransportError& error) {
        if (error.kind() == net::TransportError::Kind::kTimeout) {
            return {name, CheckResult::kWarning, "found no new block within 10 s",
                    "no fault if it is a public gateway, which finds new content late"};
        }
        return {name, CheckResult::kFailed, error.what(), "check IPFS_GATEWAY_URL"};
    }
}

}  // namespace

std::vector<Finding> check_stores(net::Transport& http, const std::string& api_url,
                                  const std::vector<std::string>& gateways, const std::string& file) {
    ipfs::ContentConfig content;
    content.api_url = api_url;
    content.timeout = kTimeout;
    ipfs::ContentStore store(content, http);
    std::vector<Finding> out;
    // An empty raw block: an inline CID would need no store, this one is nearly everywhere.
    Cid cid(CidCodec::kRaw, crypto::sha256({}));
    try {
        cid = store.put(file);
        store.block(cid);
        out.push_back({kStore, CheckResult::kOk, "wrote and read a block at " + net::redact_url(api_url)});
    } catch (const std::exception& error) {
        out.push_back(
            {kStore, CheckResult::kFailed, error.what(), "check IPFS_API_URL and that the node runs"});
    }
    for (const auto& gateway : gateways) {
        out.push_back(check_gateway(http, gateway, cid));
    }
    return out;
}

}  // namespace lamda::agent
