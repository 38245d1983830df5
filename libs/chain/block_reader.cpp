#include "chain/block_reader.hpp"

#include "chain/log_check.hpp"

namespace lamda::chain {

namespace {

BlockHeader kept(const eth::Header& header) {
    return {header.ref(), header.parent_hash, header.timestamp};
}

/// After so many refused ranges in a row, ranges are tried again only now and then.
constexpr unsigned kRefusedOften = 3;
constexpr unsigned kTryAgainEvery = 64;
constexpr std::uint64_t kBlocksAtOnce = 128;

}  // namespace

BlockReader::BlockReader(eth::Rpc& rpc, eth::LogFilter filter, std::uint64_t first_window)
    : rpc_(rpc), filter_(std::move(filter)), window_(first_window) {}

std::optional<eth::Header> BlockReader::header(BlockNum number) {
    auto found = rpc_.header(eth::BlockSpec(number));
    if (found && found->number != number) {
        throw eth::BadAnswer(200, "asked for block " + std::to_string(number.value) + ", got block " +
                                      std::to_string(found->number.value));
    }
    return found;
}

BlocksRead BlockReader::one_by_one(const std::optional<BlockRef>& after, BlockNum from, BlockNum to) {
    BlocksRead out;
    auto previous = after;
    for (BlockNum number = from; number <= to; number = number.next()) {
        std::optional<eth::Header> found;
        std::vector<eth::Log> logs;
        try {
            found = header(number);
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
            break;  // what was read stands; the failure shows again at the next call, if it lasts
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
    std::vector<eth::Log> logs;
    try {
        logs = rpc_.logs(header.hash, filter_);
    } catch (const eth::RpcError&) {
        // The node refuses eth_getLogs, or the one that answered lacks the block: receipts tell which.
        return logs_from_receipts(header);
    }
    if (logs.empty()) {
        // Either the bloom's false positive, or a node that lacks the block and says "none".
        try {
            return logs_from_receipts(header);
        } catch (const eth::RpcError&) {
            logs = rpc_.logs(header.hash, filter_);
        }
    }
    if (const auto refused = sort_and_check(logs, header.number, header.number, filter_)) {
        throw eth::BadAnswer(200, "eth_getLogs answered with " + *refused);
    }
    if (!logs.empty() && logs.front().block_hash != header.hash) {
        throw eth::BadAnswer(200, "eth_getLogs answered with logs of another block");
    }
    return logs;
}

std::vector<eth::Log> BlockReader::logs_from_receipts(const eth::Header& header) {
    const auto receipts = rpc_.block_receipts(header.hash);
    if (bloom_of(receipts) != header.logs_bloom) {
        throw NotReadyYet("the receipts of block " + std::to_string(header.number.value) +
                          " are not complete");
    }
    std::vector<eth::Log> logs;
    for (const auto& receipt : receipts) {
        for (const auto& log : receipt.logs) {
            if (matches(log, filter_)) {
                logs.push_back(log);
            }
        }
    }
    if (const auto refused = sort_and_check(logs, header.number, header.number, filter_)) {
        throw eth::BadAnswer(200, "eth_getBlockReceipts answered with " + *refused);
    }
    if (!logs.empty() && logs.front().block_hash != header.hash) {
        throw eth::BadAnswer(200, "eth_getBlockReceipts answered with logs of another block");
    }
    return logs;
}

std::vector<eth::Log> BlockReader::logs_between(BlockNum from, BlockNum to) {
    auto logs = rpc_.logs(from, to, filter_);
    if (logs.empty()) {
        logs =
            rpc_.logs(from, to, filter_);  // "none" is what a node says that lacks the blocks: ask once more
    }
    if (const auto refused = sort_and_check(logs, from, to, filter_)) {
        throw eth::BadAnswer(200, "eth_getLogs answered with " + *refused);
    }
    return logs;
}

std::vector<eth::Log> BlockReader::bisected(BlockNum from, BlockNum& to) {
    for (;;) {
        const auto blocks = to.value - from.value + 1;
        try {
            auto logs = logs_between(from, to);
            window_.succeeded(blocks);
            return logs;
        } catch (const net::TransportError& error) {
            // A node that is not there says nothing about how much it would answer.
            if (error.kind() == net::TransportError::Kind::kConnect || blocks == 1) {
                throw;
            }
        } catch (const eth::RpcError&) {
            if (blocks == 1) {
                throw;
            }
        } catch (const eth::BadAnswer&) {
            if (blocks == 1) {
                throw;
            }
        }
        window_.failed(blocks);
        to = from + (window_.size() - 1);
    }
}

BlocksRead BlockReader::range(const std::optional<BlockRef>& after, BlockNum from, BlockNum to) {
    if (refused_ >= kRefusedOften && ++refused_ % kTryAgainEvery != 0) {
        return one_by_one(after, from, std::min(to, from + (kBlocksAtOnce - 1)));
    }
    BlocksRead out;
    const auto first = header(from);
    if (!first) {
        return out;
    }
    if (after && first->parent_hash != after->hash) {
        out.fork = true;
        return out;
    }
    const auto wanted = to;
    to = std::min(to, from + (window_.size() - 1));
    try {
        out.logs = bisected(from, to);
        refused_ = 0;
    } catch (const eth::RpcError&) {
        ++refused_;
        to = wanted;
        return one_by_one(after, from, std::min(to, from + (kBlocksAtOnce - 1)));
    }
    for (const auto& log : out.logs) {
        if (out.headers.empty() || out.headers.back().ref.number != log.block_num) {
            const auto found = header(log.block_num);
            if (!found) {
                return {};
            }
            out.headers.push_back(kept(*found));
        }
        if (out.headers.back().ref.hash != log.block_hash) {
            throw eth::BadAnswer(200, "eth_getLogs answered with a log of a block that is not block " +
                                          std::to_string(log.block_num.value) + " of the chain");
        }
    }
    if (out.headers.empty() || out.headers.back().ref.number != to) {
        const auto last = header(to);
        if (!last) {
            return {};
        }
        out.headers.push_back(kept(*last));
    }
    return out;
}

}  // namespace lamda::chain
