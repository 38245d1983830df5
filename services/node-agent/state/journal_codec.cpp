// JSON form of journal records: to_json, parse_record and the texts of phases.
#include <nlohmann/json.hpp>

#include "services/node-agent/state/journal.hpp"

namespace lamda::agent {

using Json = nlohmann::json;

namespace {

constexpr int kFormat = 1;

std::string kind_text(wire::StatusKind kind) {
    return std::string(wire::to_string(kind));
}

Json to_value(const Written& written) {
    return {{"output", written.output}, {"layer", written.layer}, {"volumes", written.volumes}};
}

Json to_value(const RunResult& ran) {
    return {{"imageDigest", ran.image_digest},
            {"startedAt", ran.started_at},
            {"endedAt", ran.ended_at},
            {"exitCode", ran.exit_code}};
}

Json to_value(const BootTime& time) {
    return {{"boot", time.boot}, {"sinceMs", time.since.count()}};
}

Json to_value(const LogProgress& logs) {
    return {{"seq", logs.seq}, {"bytes", logs.bytes}, {"since", logs.at.since}, {"seen", logs.at.seen}};
}

Json to_value(const std::optional<LogPosition>& position) {
    return position ? Json{{"since", position->since}, {"seen", position->seen}} : Json(nullptr);
}

Json to_value(const StoppedReport& report) {
    return {{"attempt", report.attempt},
            {"seq", report.seq},
            {"json", report.json},
            {"sent", report.sent},
            {"applied", report.applied}};
}

Json to_value(const Attempt& attempt) {
    Json outbox = Json::array();
    for (const auto& status : attempt.outbox) {
        outbox.push_back({{"seq", status.seq}, {"kind", kind_text(status.kind)}, {"json", status.json}});
    }
    return {{"assignment", Json::parse(wire::to_json(attempt.assignment))},
            {"phase", std::string(to_string(attempt.phase))},
            {"lastSeq", attempt.last_seq},
            {"acceptedAt", to_rfc3339(attempt.accepted_at)},
            {"lastStatusAt", to_rfc3339(attempt.last_status_at)},
            {"outbox", std::move(outbox)},
            {"finalStatus", attempt.final_status ? Json(*attempt.final_status) : Json(nullptr)},
            {"completed", attempt.completed},
            {"finalApplied", attempt.final_applied},
            {"cleaned", attempt.cleaned},
            {"engineLost", attempt.engine_lost},
            {"followedSince", attempt.followed_since ? to_value(*attempt.followed_since) : Json(nullptr)},
            {"overran", attempt.overran},
            {"excess", attempt.excess ? to_value(*attempt.excess) : Json(nullptr)},
            {"confirmNoted", attempt.confirm_noted},
            {"claimNoted", attempt.claim_noted},
            {"ran", attempt.ran ? to_value(*attempt.ran) : Json(nullptr)},
            {"storeFailed", attempt.store_failed},
            {"outputOf", attempt.output_of ? Json(*attempt.output_of) : Json(nullptr)},
            {"logs", to_value(attempt.logs)},
            {"logsUntil", to_value(attempt.logs_until)}};
}

wire::StatusKind parse_kind(const std::string& text) {
    for (const auto kind : {wire::StatusKind::kAccepted, wire::StatusKind::kRunning,
                            wire::StatusKind::kCompleted, wire::StatusKind::kFailed}) {
        if (wire::to_string(kind) == text) {
            return kind;
        }
    }
    throw std::invalid_argument("unknown status kind");
}

Attempt from_value(const Json& value) {
    Attempt attempt;
    attempt.assignment = wire::parse_assignment(value.at("assignment").dump()).value();
    attempt.phase = parse_phase(value.at("phase").get<std::string>()).value();
    attempt.last_seq = value.at("lastSeq").get<std::uint32_t>();
    attempt.accepted_at = parse_rfc3339(value.at("acceptedAt").get<std::string>()).value();
    attempt.last_status_at = parse_rfc3339(value.at("lastStatusAt").get<std::string>()).value();
    for (const auto& status : value.at("outbox")) {
        attempt.outbox.push_back({status.at("seq").get<std::uint32_t>(),
                                  parse_kind(status.at("kind").get<std::string>()),
                                  status.at("json").get<std::string>()});
    }
    if (const auto& last = value.at("finalStatus"); !last.is_null()) {
        attempt.final_status = last.get<std::string>();
    }
    attempt.completed = value.at("completed").get<bool>();
    // Records of earlier releases: the bus's acknowledgement was the last word.
    attempt.final_applied = value.value("finalApplied", attempt.outbox.empty());
    attempt.cleaned = value.at("cleaned").get<bool>();
    attempt.engine_lost = value.at("engineLost").get<bool>();
    // Absent in records of version 0.1.0.
    if (const auto excess = value.find("excess"); excess != value.end() && !excess->is_null()) {
        attempt.excess =
            Written{excess->at("output").get<std::uint64_t>(), excess->at("layer").get<std::uint64_t>(),
                    excess->at("volumes").get<std::uint64_t>()};
    }
    // Absent in records of version 0.1.0.
    if (const auto since = value.find("followedSince"); since != value.end() && !since->is_null()) {
        attempt.followed_since =
            BootTime{since->at("boot").get<std::string>(), Millis(since->at("sinceMs").get<std::int64_t>())};
    }
    attempt.overran = value.value("overran", false);
    // Absent in records of version 0.1.0, like `seen` below.
    if (const auto ran = value.find("ran"); ran != value.end() && !ran->is_null()) {
        attempt.ran =
            RunResult{ran->at("imageDigest").get<std::string>(), ran->at("startedAt").get<std::string>(),
                      ran->at("endedAt").get<std::string>(), ran->at("exitCode").get<std::int32_t>()};
    }
    attempt.store_failed = value.value("storeFailed", false);
    if (const auto of = value.find("outputOf"); of != value.end() && !of->is_null()) {
        attempt.output_of = of->get<std::uint32_t>();
    }
    attempt.confirm_noted = value.at("confirmNoted").get<bool>();
    attempt.claim_noted = value.at("claimNoted").get<bool>();
    const auto& logs = value.at("logs");
    attempt.logs = {logs.at("seq").get<std::uint64_t>(),
                    logs.at("bytes").get<std::uint64_t>(),
                    {logs.at("since").get<std::string>()}};
    attempt.logs.at.seen = logs.value("seen", std::uint64_t{attempt.logs.at.since.empty() ? 0U : 1U});
    if (const auto until = value.find("logsUntil"); until != value.end() && !until->is_null()) {
        attempt.logs_until =
            LogPosition{until->at("since").get<std::string>(), until->at("seen").get<std::uint64_t>()};
    }
    return attempt;
}

}  // namespace

std::string_view to_string(Phase phase) {
    switch (phase) {
        case Phase::kAccepted:
            return "accepted";
        case Phase::kStarted:
            return "started";
        case Phase::kFinished:
            return "finished";
        case Phase::kVoid:
            return "void";
    }
    return "";
}

Result<Phase> parse_phase(std::string_view text) {
    for (const auto phase : {Phase::kAccepted, Phase::kStarted, Phase::kFinished, Phase::kVoid}) {
        if (to_string(phase) == text) {
            return phase;
        }
    }
    return Error{"invalid_record", "unknown phase", "/phase"};
}

std::string to_json(const JobId& job, const JobRecord& record) {
    Json attempts = Json::array();
    for (const auto& [number, attempt] : record.attempts) {
        attempts.push_back(to_value(attempt));
    }
    return Json{{"format", kFormat},
                {"jobId", job.hex()},
                {"voidThrough", record.void_through},
                {"stopped", record.stopped ? to_value(*record.stopped) : Json(nullptr)},
                {"updatedAt", to_rfc3339(record.updated_at)},
                {"attempts", std::move(attempts)}}
        .dump();
}

Result<std::pair<JobId, JobRecord>> parse_record(std::string_view json) {
    try {
        const auto value = Json::parse(json);
        if (value.at("format").get<int>() != kFormat) {
            return Error{"invalid_record", "written by another version", "/format"};
        }
        const auto job = JobId::parse(value.at("jobId").get<std::string>()).value();
        JobRecord record;
        record.void_through = value.at("voidThrough").get<std::uint32_t>();
        const auto stopped = value.find("stopped");
        if (stopped == value.end() && record.void_through > 0) {
            // Records of earlier releases, which did not report: their retractions are over.
            record.stopped = StoppedReport{record.void_through, 0, "", true, true};
        } else if (stopped != value.end() && !stopped->is_null()) {
            record.stopped =
                StoppedReport{stopped->at("attempt").get<std::uint32_t>(),
                              stopped->at("seq").get<std::uint32_t>(), stopped->at("json").get<std::string>(),
                              stopped->at("sent").get<bool>(), stopped->at("applied").get<bool>()};
        }
        record.updated_at = parse_rfc3339(value.at("updatedAt").get<std::string>()).value();
        for (const auto& item : value.at("attempts")) {
            auto attempt = from_value(item);
            if (attempt.assignment.job_id != job) {
                return Error{"invalid_record", "the attempt belongs to another job", "/attempts"};
            }
            const auto number = attempt.assignment.attempt;
            record.attempts.emplace(number, std::move(attempt));
        }
        return std::pair(job, std::move(record));
    } catch (const std::exception& error) {
        return Error{"invalid_record", error.what(), ""};
    }
}

}  // namespace lamda::agent
