#include "chain/multi_rpc.hpp"

namespace lamda::chain {

std::unique_ptr<MultiRpc> connect(const std::vector<std::string>& urls, std::optional<ChainId> expected,
                                  Millis timeout, const Clock& clock, telemetry::Log log) {
    std::vector<std::unique_ptr<eth::Rpc>> endpoints;
    endpoints.reserve(urls.size());
    for (const auto& url : urls) {
        endpoints.push_back(std::make_unique<eth::HttpRpc>(url, timeout));
    }
    return std::make_unique<MultiRpc>(std::move(endpoints), expected, clock, std::move(log));
}

}  // namespace lamda::chain
