// Makes batches of JobManager's logs in the form of the log stream, for tests and benchmarks.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "contracts/job_manager.hpp"
#include "crypto/digest.hpp"
#include "ingest/log_stream.hpp"

namespace lamda::dispatch::testing {

enum class LogKind { kCreated, kConfirmed, kClaimed };

/// Returns a pseudo-random id, different for each pair.
template <class Id>
Id hash_of(char mark, std::uint64_t number) {
    return crypto::keccak256(as_bytes(mark + std::to_string(number))).template as<Id>();
}
inline JobId job_id(std::uint64_t job) {
    return hash_of<JobId>('j', job);
}

/// Makes the batches of a growing chain. Jobs have numbers; id, renter and provider derive from them.
class BatchMaker {
  public:
    /// Returns logs of the jobs first … first + count − 1, `per_block` in each new block.
    ingest::Batch next(LogKind kind, std::uint64_t first, std::uint64_t count, std::uint64_t per_block) {
        ingest::Batch out;
        out.from = cursor_;
        for (std::uint64_t i = 0; i < count; ++i) {
            if (i % per_block == 0) {
                const BlockNum block = cursor_ ? cursor_->number.next() : BlockNum{1};
                const auto parent = cursor_ ? cursor_->hash : BlockHash{};
                cursor_ = BlockRef{block, hash_of<BlockHash>(fork_, block.value)};
                out.headers.push_back({*cursor_, parent, kFirstTime + block.value});
            }
            eth::Log log = log_of(kind, first + i);
            log.block_num = cursor_->number;
            log.block_hash = cursor_->hash;
            log.tx_hash = hash_of<TxHash>('t', cursor_->number.value);
            log.log_index = i % per_block;
            out.logs.push_back(std::move(log));
        }
        out.to = out.headers.back().ref;
        out.to_timestamp = out.headers.back().timestamp;
        out.boundary = out.to.number;
        out.finalized = out.to.number - kNotFinal;
        return out;
    }
    /// Unwinds to `to`; the next blocks are of another fork.
    ingest::Unwind back_to(const BlockRef& to) {
        const ingest::Unwind out{*cursor_, to};
        cursor_ = to;
        ++fork_;
        return out;
    }
    const std::optional<BlockRef>& head() const { return cursor_; }

  private:
    static constexpr std::uint64_t kFirstTime = 1'700'000'000;
    static constexpr std::uint64_t kNotFinal = 50;

    static Topic word_of(BytesView address) {
        Topic out;
        std::copy(address.begin(), address.end(), out.array().begin() + 12);
        return out;
    }
    static eth::Log log_of(LogKind kind, std::uint64_t job) {
        namespace jm = contracts::job_manager;
        const auto id = job_id(job).as<Topic>();
        const auto provider = word_of(hash_of<Bytes32>('p', job).view().subspan(12));
        eth::Log out;
        out.data.resize(32);
        out.data[24] = 1;
        switch (kind) {
            case LogKind::kCreated:
                out.topics = {jm::JobCreated::topic(), id,
                              word_of(hash_of<Bytes32>('r', job).view().subspan(12)), provider};
                break;
            case LogKind::kConfirmed:
                out.topics = {jm::JobConfirmed::topic(), id};
                break;
            case LogKind::kClaimed:
                out.topics = {jm::PaymentClaimed::topic(), id, provider};
                break;
        }
        return out;
    }

    std::optional<BlockRef> cursor_;
    char fork_ = 'a';
};

}  // namespace lamda::dispatch::testing
