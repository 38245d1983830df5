#include "services/node-agent/bus/status_publisher.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/crash_point.hpp"
#include "runtime/app.hpp"
#include "wire/documents/receipt.hpp"
#include "wire/subjects.hpp"

namespace lamda::agent {

namespace {

constexpr std::size_t kMostMessageBytes = 1'024;
constexpr Millis kRunningEvery{10'000};
constexpr Millis kProgressTick{500};
constexpr Millis kPublishTimeout{3'000};
constexpr Millis kRetryAfter{1'000};
constexpr std::size_t kBatch = 64;
constexpr auto kCheck = "statuses";
/// The check `statuses` is not ready if statuses wait longer.
constexpr std::chrono::seconds kLongestWait{5};

/// Cuts the text to kMostMessageBytes at a UTF-8 character boundary.
std::string shorten(std::string text) {
    if (text.size() > kMostMessageBytes) {
        std::size_t end = kMostMessageBytes;
        while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0U) == 0x80U) {
            --end;
        }
        text.resize(end);
    }
    return text;
}

}  // namespace

StatusWriter::StatusWriter(const crypto::Signer& signer, const Address& job_manager, const Clock& clock)
    : signer_(signer), job_manager_(job_manager), clock_(clock) {}

void StatusWriter::add(Attempt& attempt, wire::StatusKind kind, const StatusDetails& details) const {
    wire::JobStatus status;
    status.job_id = attempt.assignment.job_id;
    status.attempt = attempt.assignment.attempt;
    status.seq = attempt.last_seq + 1;
    status.provider = signer_.address();
    status.status = kind;
    status.at = clock_.now();
    status.output_file_cid = details.output_file_cid;
    status.exit_code = details.exit_code;
    status.error_code = details.error_code;
    if (details.error_message) {
        status.error_message = shorten(*details.error_message);
    }
    const auto domain = wire::market_domain(attempt.assignment.chain_id,
                                            attempt.assignment.job_manager.value_or(job_manager_));
    if (details.receipt) {
        status.receipt = details.receipt;
        status.receipt_signature = wire::sign_receipt(*details.receipt, domain, signer_).hex65();
    }
    status = wire::sign_status(std::move(status), domain, signer_);
    const auto json = wire::to_json(status);

    attempt.last_seq = status.seq;
    attempt.last_status_at = status.at;
    // Only the newest repeated status stays unsent. The first `accepted` stays too: it begins the attempt.
    std::erase_if(attempt.outbox, [&](const UnsentStatus& one) {
        return one.kind == kind &&
               (kind == wire::StatusKind::kRunning || (kind == wire::StatusKind::kAccepted && one.seq > 1));
    });
    if (kind == wire::StatusKind::kCompleted || kind == wire::StatusKind::kFailed) {
        attempt.phase = Phase::kFinished;
        attempt.final_status = json;
        attempt.completed = kind == wire::StatusKind::kCompleted;
    }
    attempt.outbox.push_back({status.seq, kind, json});
}

void StatusWriter::add_stopped(const JobId& job, JobRecord& record, ChainId chain) const {
    const auto attempt = record.attempts.find(record.void_through);
    wire::JobStatus status;
    status.job_id = job;
    status.attempt = record.void_through;
    status.provider = signer_.address();
    status.status = wire::StatusKind::kFailed;
    status.at = clock_.now();
    status.error_code = wire::ErrorCode::kRetracted;
    status.error_message = "stopped after its retraction";
    auto job_manager = job_manager_;
    if (attempt != record.attempts.end()) {
        status.seq = ++attempt->second.last_seq;
        chain = attempt->second.assignment.chain_id;
        job_manager = attempt->second.assignment.job_manager.value_or(job_manager_);
    }
    const auto signed_status =
        wire::sign_status(std::move(status), wire::market_domain(chain, job_manager), signer_);
    record.stopped =
        StoppedReport{signed_status.attempt, signed_status.seq, wire::to_json(signed_status), false, false};
}

StatusPublisher::StatusPublisher(Journal& journal, bus::Bus& bus, const Address& provider,
                                 const telemetry::Context& context)
    : journal_(journal),
      bus_(bus),
      provider_(provider),
      clock_(context.clock),
      log_(context.log),
      published_(
          context.metrics.counter("lamda_agent_statuses_published_total", "Statuses stored by the bus")),
      waiting_(context.metrics.gauge("lamda_agent_attempts_with_unsent_statuses",
                                     "Attempts with statuses that the bus has not stored")),
      health_(context.health) {}

std::string StatusPublisher::flush() {
    const auto keys = journal_.select([](const Attempt& attempt) { return !attempt.outbox.empty(); });
    waiting_.set(static_cast<double>(keys.size()));
    std::string refused;
    for (std::size_t at = 0; at < keys.size(); at += kBatch) {
        const auto end = std::min(at + kBatch, keys.size());
        std::vector<bus::Outgoing> messages;
        std::vector<std::pair<AttemptKey, std::uint32_t>> sent;
        for (auto i = at; i < end; ++i) {
            const auto attempt = journal_.find(keys[i]);
            for (const auto& status : attempt ? attempt->outbox : std::vector<UnsentStatus>{}) {
                messages.push_back({wire::status_subject(provider_), "", status.json});
                sent.emplace_back(keys[i], status.seq);
            }
        }
        const auto outcome = bus_.publish_durable(messages, kPublishTimeout);
        crash_point("agent.status.published");
        for (std::size_t i = 0; i < outcome.stored.size(); ++i) {
            if (!outcome.stored[i]) {
                refused = outcome.reason;
                continue;
            }
            published_.add();
            journal_.update(sent[i].first, [&](Attempt& attempt) {
                std::erase_if(attempt.outbox,
                              [&](const UnsentStatus& one) { return one.seq == sent[i].second; });
            });
        }
    }
    return refused;
}

void StatusPublisher::run(const std::stop_token& stop) {
    std::uint64_t seen = 0;
    while (!stop.stop_requested()) {
        std::string last_error;
        seen = journal_.wait_change(seen, Millis(0));
        try {
            last_error = flush();
        } catch (const bus::Unavailable& error) {
            last_error = error.what();
        }
        report(last_error);
        if (!last_error.empty()) {
            runtime::pause(stop, kRetryAfter);
        } else {
            journal_.wait_change(seen, Millis(500));
        }
    }
}

void StatusPublisher::report(const std::string& last_error) {
    if (last_error.empty()) {
        refused_since_.reset();
        health_.set(kCheck, true);
        return;
    }
    const auto now = clock_.steady();
    if (!refused_since_) {
        refused_since_ = now;
        log_.warn("status publish failed, retrying", {{"reason", last_error}});
    }
    if (const auto waited = std::chrono::floor<std::chrono::seconds>(now - *refused_since_);
        waited > kLongestWait) {
        health_.set(kCheck, false, fmt::format("statuses unsent for {} s: {}", waited.count(), last_error));
    }
}

ProgressLoop::ProgressLoop(Journal& journal, const StatusWriter& statuses, const Clock& clock)
    : journal_(journal), statuses_(statuses), clock_(clock) {}

void ProgressLoop::run(const std::stop_token& stop) {
    // Attempts of an earlier process are due at once.
    for (const auto& key : journal_.active_attempts()) {
        if (const auto attempt = journal_.find(key)) {
            seen_[key] = {attempt->last_seq, clock_.steady() - kRunningEvery};
        }
    }
    while (runtime::pause(stop, kProgressTick)) {
        pass();
    }
}

void ProgressLoop::pass() {
    const auto now = clock_.steady();
    std::map<AttemptKey, Seen> seen;
    for (const auto& key : journal_.active_attempts()) {
        const auto attempt = journal_.find(key);
        const auto before = seen_.find(key);
        if (!attempt) {
            continue;
        }
        const bool same = before != seen_.end() && before->second.seq == attempt->last_seq;
        seen[key] = same ? before->second : Seen{attempt->last_seq, now};
        if (now - seen[key].at < kRunningEvery) {
            continue;
        }
        journal_.update(key, [&](Attempt& entry) {
            if (entry.active()) {
                statuses_.add(entry, entry.phase == Phase::kStarted ? wire::StatusKind::kRunning
                                                                    : wire::StatusKind::kAccepted);
                seen[key] = {entry.last_seq, now};
            }
        });
    }
    seen_ = std::move(seen);
}

}  // namespace lamda::agent
