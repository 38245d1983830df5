#include "tools/cli/conformance/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stop_token>
#include <utility>

#include "wire/subjects.hpp"

namespace lamda::cli::conformance {
namespace {

constexpr Millis kPoll{50};
constexpr Millis kConnect{20'000};
constexpr Millis kPublish{10'000};
constexpr Millis kAckWait{30'000};
constexpr std::uint32_t kMemoryMib = 64;
constexpr std::uint32_t kDiskMib = 16;

std::string ack_subjects(const char* stream, const Address& provider) {
    return fmt::format("$JS.ACK.{}.{}.>", stream, wire::durable_of(provider));
}

}  // namespace

Session::Session(const std::string& nats_url, SessionConfig config, const Clock& clock)
    : config_(std::move(config)),
      clock_(clock),
      market_{config_.provider, wire::market_domain(config_.chain, config_.job_manager)},
      bus_(nats_url, "lamda-agent-verify", telemetry::Log::none()) {
    if (!wait([&](const Record&) { return bus_.connected(); }, kConnect)) {
        throw std::runtime_error("NATS does not answer: " + bus_.last_error());
    }
    make_streams();
    for (const auto* stream : {wire::kJobsStream, wire::kRetractStream}) {
        subscriptions_.push_back(
            bus_.subscribe(ack_subjects(stream, config_.provider), "", [this](const bus::Message& message) {
                if (auto answer = read_answer(message.subject, message.body)) {
                    const std::lock_guard lock(mutex_);
                    incoming_.answers.push_back(*std::move(answer));
                }
            }));
    }
    subscriptions_.push_back(
        bus_.subscribe(wire::heartbeat_subject(config_.provider), "", [this](const bus::Message& message) {
            auto heartbeat = read_heartbeat(message.body, market_, clock_.steady());
            const std::lock_guard lock(mutex_);
            incoming_.heartbeats.push_back(std::move(heartbeat));
        }));
}

void Session::make_streams() {
    if (bus_.stream_names().contains(wire::kEventsStream)) {
        throw std::runtime_error("this server has the stream EVENTS of a dispatcher; use a private server");
    }
    using Retention = bus::StreamSpec::Retention;
    bus::StreamSpec statuses{wire::kStatusStream, {wire::kAllStatuses}};
    statuses.max_message_bytes = wire::kMostStatusBytes;
    for (const auto& spec : {bus::StreamSpec{wire::kJobsStream, {"jobs.dispatch.*"}, Retention::kWorkQueue},
                             bus::StreamSpec{wire::kRetractStream, {"jobs.retract.*"}, Retention::kWorkQueue},
                             statuses, bus::StreamSpec{wire::kLogsStream, {"jobs.logs.*.*"}}}) {
        bus_.ensure_stream(spec);
    }
    const auto durable = wire::durable_of(config_.provider);
    bus_.ensure_durable(wire::kJobsStream, durable, wire::dispatch_subject(config_.provider), kAckWait);
    bus_.ensure_durable(wire::kRetractStream, durable, wire::retract_subject(config_.provider), kAckWait);
    const auto reader = "verify-" + random_id();
    bus_.ensure_durable(wire::kStatusStream, reader, wire::status_subject(config_.provider), kAckWait);
    statuses_.emplace(bus_.consume(wire::kStatusStream, reader));
}

wire::Assignment Session::job(std::vector<std::string> command) {
    wire::Assignment out;
    out.job_id = random_bytes32().as<JobId>();
    jobs_.insert(out.job_id);
    out.provider = config_.provider;
    out.docker_image = config_.image;
    out.command = std::move(command);
    out.requirements.memory_mib = kMemoryMib;
    out.requirements.disk_mib = kDiskMib;
    out.chain_id = config_.chain;
    out.job_manager = config_.job_manager;
    out.block_number = BlockNum{1};
    return out;
}

std::uint64_t Session::publish(const char* stream, const std::string& subject, const std::string& body) {
    // One publisher: the newest message of the stream is this one.
    const auto done = bus_.publish_durable({{subject, random_id(), body}}, kPublish);
    if (done.stored != std::vector<bool>{true}) {
        throw std::runtime_error("NATS did not store a message: " + done.reason);
    }
    return bus_.last_sequence(stream);
}

std::uint64_t Session::assign(const wire::Assignment& assignment) {
    open_.emplace_back(assignment.job_id, assignment.attempt);
    return assign_raw(wire::to_json(assignment));
}

std::uint64_t Session::assign_raw(const std::string& body) {
    return publish(wire::kJobsStream, wire::dispatch_subject(config_.provider), body);
}

std::uint64_t Session::retract(const JobId& job, std::uint32_t attempt) {
    return retract_raw(wire::to_json(
        wire::Retraction{job, attempt, wire::RetractReason::kCancelled, config_.chain, config_.job_manager}));
}

std::uint64_t Session::retract_raw(const std::string& body) {
    return publish(wire::kRetractStream, wire::retract_subject(config_.provider), body);
}

void Session::fetch_statuses() {
    if (!statuses_) {
        return;
    }
    try {
        constexpr int kMost = 256;
        for (const auto& message : statuses_->fetch(kMost, kPoll)) {
            // Discards what an earlier run has left in the stream: its jobs are not those of this object.
            auto seen = read_status(message.body, market_);
            if (!seen.status || jobs_.contains(seen.status->job_id)) {
                record_.statuses.push_back(std::move(seen));
            }
            statuses_->ack(message);
        }
    } catch (const bus::Unavailable&) {  // the server restarts: fetched later
        clock_.sleep({}, kPoll);
    }
}

const Record& Session::record() {
    fetch_statuses();
    const std::lock_guard lock(mutex_);
    const auto move_into = [](auto& to, auto& from) {
        to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
        from.clear();
    };
    move_into(record_.heartbeats, incoming_.heartbeats);
    move_into(record_.answers, incoming_.answers);
    return record_;
}

bool Session::wait(const std::function<bool(const Record&)>& condition, Millis timeout) {
    const auto deadline = clock_.steady() + timeout * config_.patience;
    while (!condition(record())) {
        if (clock_.steady() >= deadline) {
            return false;
        }
        if (!statuses_) {
            clock_.sleep({}, kPoll);
        }
    }
    return true;
}

void Session::expect(const std::string& what, const std::function<bool(const Record&)>& condition,
                     Millis timeout) {
    if (!wait(condition, timeout)) {
        throw CheckFailed(
            fmt::format("not seen within {} s: {}",
                        std::chrono::floor<std::chrono::seconds>(timeout).count() * config_.patience, what));
    }
}

void Session::expect_settled(const std::string& stream, std::uint64_t sequence, const std::string& what) {
    expect(what + " is acknowledged, or its delivery ended", [&](const Record& seen) {
        return answered(seen, stream, sequence, Answer::kAck) ||
               answered(seen, stream, sequence, Answer::kTerm);
    });
}

void Session::expect_works() {
    const auto probe = job({"true"});
    assign(probe);
    expect("`completed` of a job that was assigned afterwards", [&](const Record& seen) {
        return has_status(seen, probe.job_id, 1, wire::StatusKind::kCompleted);
    });
}

std::uint32_t Session::capacity() {
    std::uint32_t most = 0;
    for (const auto& seen : record().heartbeats) {
        most = std::max(most, seen.heartbeat ? seen.heartbeat->capacity : 0);
    }
    return most;
}

bool Session::wait_idle() {
    const auto from = record().heartbeats.size();
    return wait(
        [&](const Record& seen) {
            return seen.heartbeats.size() > from && seen.heartbeats.back().heartbeat &&
                   seen.heartbeats.back().heartbeat->running == 0;
        },
        kLongest);
}

void Session::clean_up() {
    bool unfinished = false;
    for (const auto& [id, attempt] : std::exchange(open_, {})) {
        if (!final_of(record(), id, attempt)) {
            retract(id, attempt);
            unfinished = true;
        }
    }
    if (unfinished) {
        wait_idle();
    }
}

}  // namespace lamda::cli::conformance
