// Blocks and their logs in the form of a chain reader's result, and an audit over them. For tests of
// consumers of a stream.
#pragma once

#include <vector>

#include "ingest/audit/audit_sink.hpp"

namespace lamda::pgingest {

/// Returns a hash that holds the number.
template <class Hash>
Hash numbered(std::uint8_t mark, std::uint64_t number) {
    Hash out;
    out.array()[0] = mark;
    for (std::size_t i = 0; i < 8; ++i) {
        out.array()[31 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return out;
}

/// Returns blocks 1 … n of an invented chain with these logs, all final; fills in places, hashes and times.
inline ingest::Batch batch_of(std::vector<std::vector<eth::Log>> blocks) {
    ingest::Batch out;
    for (std::uint64_t n = 1; n <= blocks.size(); ++n) {
        const BlockRef ref{BlockNum{n}, numbered<BlockHash>(1, n)};
        out.headers.push_back({ref, numbered<BlockHash>(1, n - 1), 1'700'000'000 + n});
        auto& logs = blocks[n - 1];
        for (std::uint64_t i = 0; i < logs.size(); ++i) {
            logs[i].block_num = ref.number;
            logs[i].block_hash = ref.hash;
            logs[i].log_index = i;
            logs[i].tx_hash = numbered<TxHash>(2, n * 1'000 + i);
            out.logs.push_back(std::move(logs[i]));
        }
        out.to = ref;
        out.to_timestamp = out.headers.back().timestamp;
    }
    out.boundary = out.finalized = out.to.number;
    return out;
}

/// Returns one block of a batch.
inline ingest::RangeSnapshot block_of(const ingest::Batch& batch, BlockNum block) {
    ingest::RangeSnapshot out;
    out.first = block;
    for (const auto& header : batch.headers) {
        if (header.ref.number == block) {
            out.blocks.headers.push_back(header);
            out.blocks.to = header.ref;
            out.blocks.to_timestamp = header.timestamp;
        }
    }
    for (const auto& log : batch.logs) {
        if (log.block_num == block) {
            out.blocks.logs.push_back(log);
        }
    }
    out.blocks.boundary = out.blocks.finalized = block;
    return out;
}

/// Repairs block by block where something differs, as an audit does. @returns differences that were removed
inline std::size_t repair(ingest::AuditSink& rows, const ingest::Batch& truth) {
    std::size_t repaired = 0;
    for (const auto block : rows.compare({BlockNum{0}, truth}).blocks) {
        repaired += rows.repair(block_of(truth, block)).logs;
    }
    return repaired;
}

}  // namespace lamda::pgingest
