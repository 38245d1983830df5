// MemorySink: a StreamSink in memory, for tests. Refuses what a sink must refuse.
#pragma once

#include <functional>
#include <map>
#include <stdexcept>

#include "ingest/log_stream.hpp"

namespace lamda::ingest {

class MemorySink final : public StreamSink {
  public:
    std::optional<BlockRef> at;
    std::vector<eth::Log> rows;
    std::map<BlockNum, BlockHeader> headers;
    std::optional<Watched> bound;
    BlockNum last_boundary;
    BlockNum last_finalized;
    bool caught_up = false;
    std::vector<bool> history;  ///< `is_history` of each batch
    std::size_t batches = 0;
    std::size_t unwinds = 0;
    std::uint64_t deepest_unwind = 0;
    /// Each write fails with this probability, before or after its effect; `chance` decides at random.
    double fail = 0;
    std::function<bool(double)> chance = [](double) { return false; };
    bool fork_below_finality = false;

    std::optional<BlockRef> cursor() override { return at; }
    std::vector<BlockHeader> recent_headers() override {
        std::vector<BlockHeader> out;
        for (auto entry = headers.rbegin(); entry != headers.rend(); ++entry) {
            out.push_back(entry->second);
        }
        return out;
    }
    void apply(const Batch& batch) override {
        maybe_fail("before apply");
        if (batch.from != at) {
            throw CursorMoved("the cursor is elsewhere");
        }
        if (at && batch.to.number <= at->number) {
            throw std::logic_error("a batch that does not advance");
        }
        for (const auto& log : batch.logs) {
            if ((at && log.block_num <= at->number) || log.block_num > batch.to.number) {
                throw std::logic_error("a log outside its batch");
            }
            if (!rows.empty() && std::pair(rows.back().block_num, rows.back().log_index) >=
                                     std::pair(log.block_num, log.log_index)) {
                throw std::logic_error("logs out of order");
            }
            rows.push_back(log);
        }
        for (const auto& header : batch.headers) {
            headers.insert_or_assign(header.ref.number, header);
        }
        at = batch.to;
        last_boundary = batch.boundary;
        prune(batch.finalized);
        caught_up = caught_up || batch.caught_up;
        history.push_back(batch.is_history);
        ++batches;
        maybe_fail("after apply");
    }
    void unwind(const Unwind& unwind) override {
        maybe_fail("before unwind");
        if (unwind.from != *at) {
            throw CursorMoved("the cursor is elsewhere");
        }
        if (unwind.to.number >= at->number) {
            throw std::logic_error("an unwind that does not go back");
        }
        deepest_unwind = std::max(deepest_unwind, at->number.value - unwind.to.number.value);
        std::erase_if(rows, [&](const auto& log) { return log.block_num > unwind.to.number; });
        headers.erase(headers.upper_bound(unwind.to.number), headers.end());
        at = unwind.to;
        ++unwinds;
        maybe_fail("after unwind");
    }
    void boundary(BlockNum boundary, BlockNum finalized) override {
        last_boundary = boundary;
        prune(finalized);
        caught_up = true;
    }
    Watched bind(const Watched& watched) override {
        if (!bound || !at) {
            bound = watched;
        }
        return *bound;
    }

  private:
    void prune(BlockNum finalized) {
        last_finalized = finalized;
        std::erase_if(
            headers, [&](const auto& entry) { return entry.first < finalized && entry.first != at->number; });
    }
    void maybe_fail(const char* when) {
        if (chance(fail)) {
            throw std::runtime_error(std::string("the database is unreachable ") + when);
        }
    }
};

}  // namespace lamda::ingest
