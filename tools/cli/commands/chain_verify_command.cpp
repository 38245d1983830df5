// `lamda chain verify`: reads blocks again and compares their logs with the journal.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/deadline.hpp"
#include "ingest/backfill.hpp"
#include "rpcpool/errors.hpp"
#include "terminal/table.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/output/log_compare.hpp"
#include "tools/cli/output/printing.hpp"
#include "tools/cli/stores/stream_store.hpp"

namespace lamda::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kMostShown = 1'000;
constexpr int kTries = 5;
constexpr std::chrono::seconds kReadTimeout{60};
constexpr Millis kPause{500};
constexpr std::chrono::seconds kProgressEvery{2};

struct Range {
    const StreamKind* kind;
    BlockNum from;
    BlockNum to;
    std::uint64_t chain_id = 0;
};

struct Report {
    std::uint64_t compared = 0;  ///< logs of the chain
    std::size_t missing = 0;
    std::size_t surplus = 0;
    std::size_t different = 0;
    std::vector<Difference> shown;  ///< the first of them

    bool equal() const { return missing + surplus + different == 0; }
    void add(std::vector<Difference> found) {
        for (auto& difference : found) {
            switch (difference.kind) {
                case Difference::Kind::kMissing:
                    ++missing;
                    break;
                case Difference::Kind::kSurplus:
                    ++surplus;
                    break;
                case Difference::Kind::kDifferent:
                    ++different;
                    break;
            }
            if (shown.size() < kMostShown) {
                shown.push_back(std::move(difference));
            }
        }
    }
};

Range range_of(const VerifyOptions& options, const StreamStates& states) {
    const auto* kind = find_stream_kind(options.stream);
    if (!kind) {
        std::string names;
        for (const auto& each : stream_kinds()) {
            names += (names.empty() ? "" : ", ") + std::string(each.name);
        }
        throw CommandRefused(kExitUnread,
                             "--stream: unknown stream \"" + options.stream + "\"; use one of: " + names);
    }
    for (const auto& stream : states.streams) {
        if (stream.stream != options.stream || !stream.processed || !stream.chain_id) {
            continue;
        }
        const auto processed = stream.processed->number;
        Range out{kind, BlockNum{options.from}, std::min(processed, stream.finalized), *stream.chain_id};
        if (options.to) {
            out.to = BlockNum{*options.to};
        }
        if (out.to > processed) {
            throw CommandRefused(kExitUnread,
                                 fmt::format("--to: {} has processed blocks only up to {}; use a lower block",
                                             options.stream, processed.value));
        }
        if (out.from > out.to) {
            throw CommandRefused(
                kExitUnread,
                fmt::format("--from: {} is above the last block to compare, {}; use a lower block",
                            out.from.value, out.to.value));
        }
        return out;
    }
    throw CommandRefused(kExitUnread,
                         "--stream: " + options.stream +
                             " has processed no block in this database yet; start its service first");
}

/// Reads blocks from `from` on, as many as are available; further reads are in flight.
/// @throws the endpoints' last error after kTries attempts, or std::runtime_error after kReadTimeout
ingest::BlocksRead read_chain(const Clock& clock, ingest::Backfill& backfill, BlockNum from, BlockNum to) {
    const Deadline deadline(clock, kReadTimeout);
    for (int tries = 1;;) {
        try {
            auto read = backfill.next(std::nullopt, from, to);
            if (!read.waiting) {
                return read;
            }
            if (deadline.passed()) {
                throw std::runtime_error(
                    fmt::format("no answer for block {}; use another endpoint (--rpc-url)", from.value));
            }
        } catch (const rpcpool::ConfigContradiction&) {
            throw;
        } catch (const std::exception&) {
            if (++tries > kTries) {
                throw;
            }
            clock.sleep({}, tries * kPause);
        }
    }
}

std::vector<LogEntry> entries_of(const std::vector<eth::Log>& logs, const StreamKind& kind,
                                 const std::optional<BlockNum>& counted_from) {
    std::vector<LogEntry> out;
    for (const auto& log : logs) {
        auto entry = kind.entry_of(log);
        // Confirmations before REPUTATION_FROM_BLOCK belong to an earlier system.
        if (entry && (!counted_from || log.block_num >= *counted_from)) {
            out.push_back(std::move(*entry));
        }
    }
    return out;
}

Report verify(Context& context, store::Database& database, rpcpool::MultiRpc& rpc, const Range& range,
              bool by_receipts) {
    const bool bsc = range.kind->chain == StreamKind::Chain::kBsc;
    const auto counted_from =
        range.kind->name == "reputation:bsc" ? context.maybe_block("REPUTATION_FROM_BLOCK") : std::nullopt;
    eth::LogFilter filter;
    filter.addresses = {bsc ? context.job_manager() : context.node_reputation()};
    filter.topic0 = range.kind->topics;
    const Clock& clock = context.clock();
    ingest::Backfill backfill(rpc, filter, clock, by_receipts);
    Report out;
    auto reported_at = clock.steady();
    for (auto next = range.from; next <= range.to;) {
        const auto read = read_chain(clock, backfill, next, range.to);
        const auto last = read.headers.back().ref.number;
        const auto chain = entries_of(read.logs, *range.kind, counted_from);
        out.compared += chain.size();
        out.add(compare(chain, read_entries(database, std::string(range.kind->name), next, last)));
        next = last.next();
        if (clock.steady() - reported_at > kProgressEvery) {
            reported_at = clock.steady();
            fmt::print(stderr, "lamda: compared blocks {} to {} of {}: {} logs\n", range.from.value,
                       last.value, range.to.value, out.compared);
        }
    }
    return out;
}

json to_json(const Difference& difference) {
    const auto& entry = difference.entry;
    json out = {{"difference", to_string(difference.kind)},
                {"block", entry.block.number.value},
                {"block_hash", entry.block.hash.hex()},
                {"log_index", entry.log_index},
                {"transaction_hash", entry.tx_hash.hex()},
                {"kind", entry.kind},
                {"subject", entry.subject},
                {"body", json::parse(entry.body)}};
    if (!difference.detail.empty()) {
        out["detail"] = difference.detail;
    }
    return out;
}

void print(Context& context, const Range& range, const Report& report) {
    if (context.json()) {
        auto differences = json::array();
        for (const auto& difference : report.shown) {
            differences.push_back(to_json(difference));
        }
        fmt::print("{}", json_line({{"stream", range.kind->name},
                                    {"from", range.from.value},
                                    {"to", range.to.value},
                                    {"equal", report.equal()},
                                    {"compared", report.compared},
                                    {"missing", report.missing},
                                    {"surplus", report.surplus},
                                    {"different", report.different},
                                    {"differences", differences}}));
        return;
    }
    if (!report.equal()) {
        using terminal::Kind;
        terminal::Table table({{"BLOCK", Kind::kNumber},
                               {"LOG", Kind::kNumber},
                               {"DIFFERENCE", Kind::kText, 0, 0, terminal::state_tone},
                               {"KIND", Kind::kText, 0, 2},
                               {"SUBJECT", Kind::kId, 2},
                               {"TRANSACTION", Kind::kId, 1, 1},
                               {"DETAIL", Kind::kText, 3}});
        for (const auto& difference : report.shown) {
            const auto& entry = difference.entry;
            table.row({std::to_string(entry.block.number.value), std::to_string(entry.log_index),
                       std::string(to_string(difference.kind)), entry.kind,
                       entry.subject.empty() ? "-" : entry.subject, entry.tx_hash.hex(), difference.detail});
        }
        fmt::print("{}", table.text(context.screen()));
    }
    fmt::print("{}, blocks {} to {}: {} logs on chain, {} missing in the journal, {} surplus, {} different\n",
               range.kind->name, range.from.value, range.to.value, report.compared, report.missing,
               report.surplus, report.different);
}

}  // namespace

int verify_chain(Context& context, const VerifyOptions& options) {
    store::Database database(context.database_url(), "lamda chain verify", 1);
    try {
        const auto range = range_of(options, read_streams(database));
        const bool bsc = range.kind->chain == StreamKind::Chain::kBsc;
        const auto rpc =
            context.connect(options.rpc_urls.empty() ? context.urls(bsc ? "BSC_RPC_URL" : "OPBNB_RPC_URL")
                                                     : options.rpc_urls);
        if (const auto chain_id = rpc->chain_id(); chain_id.value != range.chain_id) {
            throw CommandRefused(
                kExitConfig,
                fmt::format(
                    "{} is on chain {}, the stream on chain {}; use an endpoint of the stream's chain",
                    rpc->name(), chain_id.value, range.chain_id));
        }
        const auto report = verify(context, database, *rpc, range, options.by_receipts);
        print(context, range, report);
        return report.equal() ? 0 : 1;
    } catch (const CommandRefused&) {
        throw;
    } catch (const std::exception& error) {
        throw CommandRefused(kExitUnread, std::string("comparison failed: ") + error.what());
    }
}

}  // namespace lamda::cli
