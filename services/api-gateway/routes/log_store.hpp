// SQL of kept container logs (view api.job_log). Every function runs inside the caller's transaction.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "store/database.hpp"

namespace lamda::gateway {

/// Place of a chunk in its job's log. The log's order is that of attempts, then of numbers.
struct LogPlace {
    std::uint32_t attempt = 0;
    std::uint64_t seq = 0;
    auto operator<=>(const LogPlace&) const = default;
};

/// A chunk of output, or the row that says how much of an attempt's output was not kept.
struct LogRow {
    LogPlace place;
    std::string stream;  ///< stdout | stderr | cut
    Timestamp at;
    std::string data;
    std::uint64_t cut_bytes = 0;  ///< of `cut`
};
/// Returns the row as a REST object (JSON).
std::string log_json(const LogRow& row);

struct LogQuery {
    JobId job;
    LogPlace after;
    std::optional<std::uint32_t> attempt;
    std::optional<std::string> stream;  ///< `cut` rows belong to every stream
    std::size_t limit = 0;
};
/// Most bytes of output of one page; a page has at least one row, if any exists.
inline constexpr std::size_t kLogPageBytes = 512U << 10;
struct LogPage {
    std::vector<LogRow> rows;
    bool more = false;  ///< other rows follow
};
LogPage read_logs(store::Txn& txn, const LogQuery& query);
/// True if the row is of the query's stream, or reports a cut.
bool is_wanted(const LogRow& row, const LogQuery& query);
/// Reads the next chunks of each query in one statement, at most `most` of each, of both streams; limits are
/// ignored.
std::vector<std::vector<LogRow>> read_next_logs(store::Txn& txn, const std::vector<LogQuery>& queries,
                                                std::size_t most);

/// State of a job's work, as far as its log depends on it.
struct Work {
    bool over = false;  ///< no attempt writes any more
    std::uint32_t attempt = 0;
    std::string status;  ///< the public one
};
/// Returns the work of the jobs that are in a block.
std::map<JobId, Work> read_work(store::Txn& txn, const std::vector<JobId>& jobs);

}  // namespace lamda::gateway
