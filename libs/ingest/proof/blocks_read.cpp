#include "ingest/proof/blocks_read.hpp"

#include "eth/codec/receipts_root.hpp"
#include "ingest/proof/detail/log_check.hpp"
#include "rpcpool/errors.hpp"

namespace lamda::ingest {

BlockHeader kept(const eth::Header& header) {
    return {header.ref(), header.parent_hash, header.timestamp};
}

void require_logs_of(const eth::Header& header, std::vector<eth::Log>& logs, const eth::LogFilter& filter,
                     const char* method) {
    if (const auto refused = sort_and_check(logs, header.number, header.number, filter)) {
        throw eth::BadAnswer(200, std::string(method) + " answered with " + *refused);
    }
    if (!logs.empty() && logs.front().block_hash != header.hash) {
        throw eth::BadAnswer(200, std::string(method) + " answered with logs of another block");
    }
}

std::vector<eth::Log> logs_of_receipts(const eth::Header& header, const std::vector<eth::Receipt>& receipts,
                                       const eth::LogFilter& filter, bool verify) {
    if (bloom_of(receipts) != header.logs_bloom) {
        throw rpcpool::NotReadyYet("the receipts of block " + std::to_string(header.number.value) +
                                   " are not complete");
    }
    if (verify) {
        if (const auto right = eth::check_receipts(header, receipts); !right) {
            throw rpcpool::ReceiptsRefused(
                200, "the receipts of block " + std::to_string(header.number.value) + " (" +
                         header.hash.hex() + ") are refused: " + right.error().message +
                         (right.error().where.empty() ? "" : " (" + right.error().where + ")"));
        }
    }
    std::vector<eth::Log> logs;
    for (const auto& receipt : receipts) {
        for (const auto& log : receipt.logs) {
            if (matches(log, filter)) {
                logs.push_back(log);
            }
        }
    }
    require_logs_of(header, logs, filter, "eth_getBlockReceipts");
    return logs;
}

}  // namespace lamda::ingest
