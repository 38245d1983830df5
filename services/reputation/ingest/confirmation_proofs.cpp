#include "services/reputation/ingest/confirmation_proofs.hpp"

#include <algorithm>
#include <set>

#include "contracts/job_manager.hpp"

namespace lamda::reputation {

namespace {

constexpr auto kCheck = "reputation:proof";
constexpr std::size_t kAtOnce = 200;
/// A short outage of an endpoint is not reported.
constexpr Millis kReportAfter{30'000};

Verdict waits(std::string reason) {
    return {Verdict::Kind::kWaits, {}, std::move(reason)};
}
Verdict refuted(std::string reason) {
    return {Verdict::Kind::kRefuted, {}, std::move(reason)};
}

bool has(const std::vector<eth::Log>& logs, const Confirmation& row) {
    return std::any_of(logs.begin(), logs.end(), [&](const eth::Log& log) {
        const auto event = contracts::job_manager::JobConfirmed::decode(log);
        return event && log.log_index == row.log_index && log.tx_hash == row.tx &&
               event->job_id.as<JobId>() == row.job;
    });
}

std::string place_of(const Confirmation& row) {
    return "block " + std::to_string(row.block.number.value) + " (" + row.block.hash.hex() + "), log " +
           std::to_string(row.log_index);
}

}  // namespace

Verdict verdict_of(const Confirmation& row, const Result<ingest::BlockView>& block,
                   const Result<Bytes>& job) {
    if (!block) {
        return waits(place_of(row) + ": " + block.error().message);
    }
    if (block->header.ref != row.block || !has(block->logs, row)) {
        return refuted("the chain has no JobConfirmed of the job at " + place_of(row));
    }
    if (!job) {
        return waits("getJobInfo: " + job.error().message);
    }
    const auto info = contracts::job_manager::GetJobInfo::decode_result(*job);
    if (!info || info->provider.is_zero()) {
        return waits("getJobInfo: JobManager returned no provider");
    }
    return {Verdict::Kind::kProven, info->provider, ""};
}

ConfirmationProofs::ConfirmationProofs(ProofConfig config, store::Database& database, rpcpool::MultiRpc& bsc,
                                       const telemetry::Context& context)
    : config_(std::move(config)),
      database_(database),
      bsc_(bsc),
      clock_(context.clock),
      log_(context.log),
      health_(context.health),
      unproven_(context.metrics.gauge("lamda_reputation_unproven", "Confirmations that wait for a proof.")),
      refuted_(context.metrics.counter("lamda_reputation_refuted_total",
                                       "Confirmations that an endpoint reported and that are not on chain.")),
      chain_(bsc, {{config_.job_manager}, {contracts::job_manager::JobConfirmed::topic()}, {}}, context.clock,
             config_.at_once) {}

std::vector<Verdict> ConfirmationProofs::verdicts(const std::vector<Confirmation>& rows) {
    std::set<BlockNum> wanted;
    std::vector<eth::CallRequest> requests;
    for (const auto& row : rows) {
        wanted.insert(row.block.number);
        requests.emplace_back();
        requests.back().to = config_.job_manager;
        requests.back().data = contracts::job_manager::GetJobInfo{row.job.as<Bytes32>()}.encode();
    }
    const std::vector<BlockNum> numbers(wanted.begin(), wanted.end());
    const auto blocks = chain_.blocks(numbers);
    const auto jobs = chain_.calls(requests);
    std::vector<Verdict> out;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto at = std::lower_bound(numbers.begin(), numbers.end(), rows[i].block.number);
        out.push_back(verdict_of(rows[i], blocks[static_cast<std::size_t>(at - numbers.begin())], jobs[i]));
    }
    return out;
}

void ConfirmationProofs::save(const std::vector<Confirmation>& rows, const std::vector<Verdict>& verdicts) {
    database_.transact([&](store::Txn& txn) {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (verdicts[i].kind == Verdict::Kind::kProven) {
                note_proven(txn, rows[i], verdicts[i].provider);
            } else if (verdicts[i].kind == Verdict::Kind::kRefuted) {
                refute(txn, rows[i], config_.jobs_stream);
            }
        }
    });
}

void ConfirmationProofs::report(const std::string& waiting) {
    if (waiting.empty()) {
        waiting_since_.reset();
        health_.set(kCheck, true,
                    bsc_.endpoints().size() == 1
                        ? "BSC_RPC_URL names one endpoint, which is trusted: no other can contradict it"
                        : "");
        return;
    }
    waiting_since_ = waiting_since_.value_or(clock_.steady());
    if (clock_.steady() - *waiting_since_ > kReportAfter && health_.set(kCheck, false, waiting)) {
        log_.warn("confirmations wait for a proof", {{"reason", waiting}});
    }
}

void ConfirmationProofs::stand_by() {
    waiting_since_.reset();
    health_.set(kCheck, true, "standby: another instance proves");
}

std::size_t ConfirmationProofs::pass() {
    const auto rows =
        database_.transact([&](store::Txn& txn) { return read_unproven(txn, round_.upto, kAtOnce); });
    std::size_t proven = 0;
    if (!rows.empty()) {
        chain_.begin();
        const auto found = verdicts(rows);
        save(rows, found);
        proven = count(rows, found);
        round_.upto = {rows.back().block.number, static_cast<std::int64_t>(rows.back().log_index)};
    }
    if (rows.size() < kAtOnce) {
        unproven_.set(static_cast<double>(round_.waiting));
        report(round_.reason);
        round_ = {};
    }
    return proven;
}

std::size_t ConfirmationProofs::count(const std::vector<Confirmation>& rows,
                                      const std::vector<Verdict>& found) {
    std::size_t proven = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        switch (found[i].kind) {
            case Verdict::Kind::kProven:
                ++proven;
                break;
            case Verdict::Kind::kWaits:
                ++round_.waiting;
                round_.reason = found[i].reason;
                break;
            case Verdict::Kind::kRefuted:
                refuted_.add(1);
                log_.error("confirmation removed: not on chain",
                           {{"job", rows[i].job.hex()}, {"reason", found[i].reason}});
                break;
        }
    }
    return proven;
}

}  // namespace lamda::reputation
