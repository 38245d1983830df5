#include "ingest/proof/proven_logs.hpp"
#include "rpcpool/errors.hpp"

#include <algorithm>

#include "ingest/proof/detail/log_check.hpp"

namespace lamda::ingest {

std::vector<eth::Log> logs_from_all(eth::Rpc& rpc, const eth::Header& header, const eth::LogFilter& filter) {
    auto logs = rpc.logs(header.hash, eth::LogFilter{});
    eth::Bloom bloom;
    for (const auto& log : logs) {
        bloom.add(log);
    }
    if (bloom != header.logs_bloom) {
        throw rpcpool::NotReadyYet("the logs of block " + std::to_string(header.number.value) +
                                   " are not complete");
    }
    std::erase_if(logs, [&](const eth::Log& log) { return !matches(log, filter); });
    require_logs_of(header, logs, filter, "eth_getLogs");
    return logs;
}

std::optional<BlockView> view_block(eth::Rpc& rpc, BlockNum number, const eth::LogFilter& filter) {
    const auto header = rpc.proven_header(number);
    if (!header) {
        return std::nullopt;
    }
    BlockView out{rpc.name(), kept(*header), {}, true};
    if (!may_match(header->logs_bloom, filter)) {
        return out;
    }
    try {
        out.logs = logs_of_receipts(*header, rpc.block_receipts(header->hash), filter, true);
    } catch (const eth::RpcError&) {
        out.logs = logs_from_all(rpc, *header, filter);
        out.by_root = false;
    }
    return out;
}

Result<BlockView> settle(const std::vector<BlockView>& views, std::size_t endpoints) {
    if (views.empty()) {
        return Error{"unproven", "no endpoint proved its answer for the block", ""};
    }
    for (const auto& view : views) {
        if (view.header.ref != views.front().header.ref || view.logs != views.front().logs) {
            return Error{"contradiction",
                         views.front().endpoint + " and " + view.endpoint +
                             " contradict one another about a final block",
                         ""};
        }
    }
    const auto by_root =
        std::find_if(views.begin(), views.end(), [](const BlockView& view) { return view.by_root; });
    if (by_root != views.end()) {
        return *by_root;
    }
    if (views.size() < std::min<std::size_t>(2, endpoints)) {
        return Error{"unproven",
                     "only " + views.front().endpoint + " answers for the block, and without receipts", ""};
    }
    return views.front();
}

}  // namespace lamda::ingest
