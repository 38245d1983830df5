#include "services/api-gateway/resources/job_attempts.hpp"

#include <map>

#include "core/json_writer.hpp"
#include "crypto/signer.hpp"

namespace lamda::gateway {

namespace {

using Attempts = std::map<std::uint32_t, Attempt>;

/// True while the attempt has no end.
bool is_open(const Attempt& attempt) {
    switch (attempt.state) {
        case AttemptState::kWaiting:
        case AttemptState::kAssigned:
        case AttemptState::kAccepted:
        case AttemptState::kRunning:
            return true;
        case AttemptState::kCompleted:
        case AttemptState::kFailed:
        case AttemptState::kTimedOut:
        case AttemptState::kCancelled:
        case AttemptState::kRetracted:
            return false;
    }
    return false;
}

/// State that the entry gives to the open attempt; nullopt: none.
std::optional<AttemptState> state_after(const AttemptEntry& entry) {
    const auto& kind = entry.kind;
    if (kind == "accepted") {
        return AttemptState::kAccepted;
    }
    if (kind == "running") {
        return AttemptState::kRunning;
    }
    if (kind == "completed") {
        return AttemptState::kCompleted;
    }
    if (kind == "failed_for_good" || kind == "set_failed") {
        return AttemptState::kFailed;
    }
    if (kind == "set_cancelled") {
        return AttemptState::kCancelled;
    }
    if (kind == "retry" || kind == "exhausted") {
        if (entry.seq) {
            return AttemptState::kFailed;
        }
        // Without the attempt that has ended: a rebuilt database has read a status of a later one.
        return entry.attempt ? AttemptState::kTimedOut : AttemptState::kRetracted;
    }
    return kind == "assignable" ? std::optional(AttemptState::kRetracted) : std::nullopt;
}

void apply(Attempt& attempt, const AttemptEntry& entry) {
    const auto state = state_after(entry);
    if (!state || !is_open(attempt) || (entry.attempt && *entry.attempt != attempt.number)) {
        return;
    }
    attempt.state = *state;
    if (state == AttemptState::kAccepted) {
        attempt.accepted_at = entry.at;
    } else if (state == AttemptState::kRunning) {
        attempt.started_at = entry.at;
    } else {
        attempt.ended_at = entry.at;
        attempt.reason = entry.reason;
        attempt.error_code = entry.error_code;
        attempt.exit_code = entry.exit_code;
        attempt.output_file_cid = entry.output_file_cid;
    }
}

void add_sent(Attempts& attempts, const SentAttempt& sent) {
    auto [at, is_new] = attempts.try_emplace(sent.number);
    Attempt& attempt = at->second;
    if (is_new) {
        attempt.number = sent.number;
        attempt.created_at = sent.created_at;
    }
    attempt.provider = sent.provider;
    attempt.due_at = sent.due_at;
    attempt.last_status_at = sent.last_status_at;
    if (is_open(attempt) && (sent.waiting || sent.voided)) {
        attempt.state = sent.waiting ? AttemptState::kWaiting : AttemptState::kRetracted;
    }
}

std::optional<std::string> text_of(const std::optional<Timestamp>& time) {
    return time ? std::optional(to_rfc3339(*time)) : std::nullopt;
}

}  // namespace

std::string_view to_string(AttemptState state) {
    switch (state) {
        case AttemptState::kWaiting:
            return "waiting";
        case AttemptState::kAssigned:
            return "assigned";
        case AttemptState::kAccepted:
            return "accepted";
        case AttemptState::kRunning:
            return "running";
        case AttemptState::kCompleted:
            return "completed";
        case AttemptState::kFailed:
            return "failed";
        case AttemptState::kTimedOut:
            return "timed_out";
        case AttemptState::kCancelled:
            return "cancelled";
        case AttemptState::kRetracted:
            return "retracted";
    }
    return "";
}

std::vector<Attempt> fold_attempts(const Address& provider, const std::vector<AttemptEntry>& journal,
                                   const std::vector<SentAttempt>& sent) {
    Attempts attempts;
    for (const auto& entry : journal) {
        if (!attempts.empty()) {
            apply(attempts.rbegin()->second, entry);
        }
        if (entry.next_attempt) {
            Attempt& next = attempts[*entry.next_attempt];
            next.number = *entry.next_attempt;
            next.provider = provider;
            next.created_at = entry.at;
        }
    }
    for (const auto& each : sent) {
        add_sent(attempts, each);
    }
    std::vector<Attempt> out;
    out.reserve(attempts.size());
    for (auto& [number, attempt] : attempts) {
        out.push_back(std::move(attempt));
    }
    return out;
}

std::string attempt_json(const Attempt& attempt) {
    JsonWriter out;
    out.begin_object().key("attempt").number(attempt.number);
    out.key("provider_address").text(crypto::checksum_address(attempt.provider));
    out.key("state").text(to_string(attempt.state));
    out.key("reason").text_or_null(attempt.reason);
    out.key("error_code").text_or_null(attempt.error_code);
    out.key("exit_code").number_or_null(attempt.exit_code);
    out.key("output_file_cid").text_or_null(attempt.output_file_cid);
    out.key("created_at").text(to_rfc3339(attempt.created_at));
    out.key("due_at").text_or_null(text_of(attempt.due_at));
    out.key("accepted_at").text_or_null(text_of(attempt.accepted_at));
    out.key("started_at").text_or_null(text_of(attempt.started_at));
    out.key("last_status_at").text_or_null(text_of(attempt.last_status_at));
    out.key("ended_at").text_or_null(text_of(attempt.ended_at));
    return out.end_object().take();
}

}  // namespace lamda::gateway
