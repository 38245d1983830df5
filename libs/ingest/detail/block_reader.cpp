#include "ingest/detail/block_reader.hpp"

#include "ingest/proof/detail/log_check.hpp"
#include "ingest/proof/proven_logs.hpp"

namespace lamda::ingest {

BlockReader::BlockReader(eth::Rpc& rpc, eth::LogFilter filter, bool verify)
    : rpc_(rpc), filter_(std::move(filter)), verify_(verify) {}

std::optional<eth::Header> BlockReader::header_of(BlockNum number, const eth::Header& head) {
    if (verify_) {
        return rpc_.proven_header(number);
    }
    return number == head.number ? head : rpc_.header(eth::BlockSpec(number));
}

BlocksRead BlockReader::one_by_one(const std::optional<BlockRef>& after, BlockNum from, BlockNum to,
                                   const eth::Header& head) {
    BlocksRead out;
    auto previous = after;
    for (BlockNum number = from; number <= to; number = number.next()) {
        std::optional<eth::Header> found;
        std::vector<eth::Log> logs;
        try {
            found = header_of(number, head);
            if (!found) {
                break;
            }
            if (previous && found->parent_hash != previous->hash) {
                out.fork = out.headers.empty();
                break;
            }
            logs = logs_of(*found);
        } catch (const std::exception&) {
            if (out.headers.empty()) {
                throw;
            }
            break;  // keep the blocks read so far; the next call meets the failure again, if it lasts
        }
        out.logs.insert(out.logs.end(), std::make_move_iterator(logs.begin()),
                        std::make_move_iterator(logs.end()));
        out.headers.push_back(kept(*found));
        previous = found->ref();
    }
    return out;
}

std::vector<eth::Log> BlockReader::logs_of(const eth::Header& header) {
    if (!may_match(header.logs_bloom, filter_)) {
        return {};
    }
    if (verify_) {
        return logs_from_receipts(header);
    }
    std::vector<eth::Log> logs;
    try {
        logs = rpc_.logs(header.hash, filter_);
    } catch (const eth::RpcError&) {
        // The node refuses eth_getLogs, or lacks the block: receipts show which.
        return logs_from_receipts(header);
    }
    if (logs.empty()) {
        // The bloom was a false positive, or the node lacks the block and answers "no logs".
        try {
            return logs_from_receipts(header);
        } catch (const eth::RpcError&) {
            return logs_from_all(rpc_, header, filter_);
        }
    }
    require_logs_of(header, logs, filter_, "eth_getLogs");
    return logs;
}

std::vector<eth::Log> BlockReader::logs_from_receipts(const eth::Header& header) {
    return logs_of_receipts(header, rpc_.block_receipts(header.hash), filter_, verify_);
}

}  // namespace lamda::ingest
