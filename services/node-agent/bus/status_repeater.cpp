#include "services/node-agent/bus/status_repeater.hpp"

#include <iterator>

#include "core/crash_point.hpp"
#include "wire/subjects.hpp"

namespace lamda::agent {

namespace {
constexpr Millis kPublishTimeout{3'000};
constexpr Millis kPause{1'000};
}  // namespace

StatusRepeater::StatusRepeater(Journal& journal, bus::Bus& bus, const StatusWriter& statuses,
                               const AgentTerms& terms, const telemetry::Context& context)
    : journal_(journal),
      bus_(bus),
      statuses_(statuses),
      terms_(terms),
      clock_(context.clock),
      log_(context.log),
      repeated_(context.metrics.counter("lamda_agent_statuses_repeated_total",
                                        "Final statuses sent again, not applied by the dispatcher yet")),
      owed_(context.metrics.gauge("lamda_agent_statuses_owed",
                                  "Final statuses that the dispatcher has not applied yet")) {}

void StatusRepeater::run(const std::stop_token& stop) {
    const auto subscription = bus_.subscribe(wire::applied_subject(terms_.provider), "",
                                             [this](const bus::Message& message) { acknowledged(message); });
    std::string last_error;
    std::uint64_t seen = 0;
    while (!stop.stop_requested()) {
        std::string error;
        seen = journal_.wait_change(seen, Millis(0));
        try {
            pass();
        } catch (const bus::Unavailable& unavailable) {
            error = unavailable.what();
        }
        if (error != last_error && !error.empty()) {
            log_.warn("repeating statuses failed, retrying", {{"reason", error}});
        }
        last_error = error;
        journal_.wait_change(seen, kPause);
    }
}

void StatusRepeater::acknowledged(const bus::Message& message) {
    const auto applied = wire::parse_status_applied(message.body);
    if (!applied) {
        log_.warn("acknowledgement of a status rejected",
                  {{"reason", applied.error().message}, {"where", applied.error().where}});
        return;
    }
    if (journal_.find(applied->job_id)) {
        journal_.update(applied->job_id, [&](JobRecord& record) { note_applied(record, *applied); });
    }
}

void StatusRepeater::pass() {
    write_reports();
    std::vector<OwedStatus> owed;
    for (const auto& job :
         journal_.select_jobs([](const JobRecord& record) { return !owed_statuses({}, record).empty(); })) {
        const auto statuses = owed_statuses(job, journal_.find(job).value_or(JobRecord{}));
        owed.insert(owed.end(), statuses.begin(), statuses.end());
    }
    owed_.set(static_cast<double>(owed.size()));
    if (bus_.connected()) {  // otherwise the pauses would grow without any sending
        send(schedule_.due(owed, clock_.steady()));
    }
}

void StatusRepeater::write_reports() {
    const auto chain = terms_.identity.known();
    if (!chain) {
        return;
    }
    for (const auto& job : journal_.select_jobs(report_due)) {
        journal_.update(job, [&](JobRecord& record) {
            if (report_due(record)) {
                statuses_.add_stopped(job, record, *chain);
            }
        });
        crash_point("agent.stopped.recorded");
    }
}

void StatusRepeater::send(const std::vector<OwedStatus>& statuses) {
    std::vector<bus::Outgoing> messages;
    for (const auto& status : statuses) {
        messages.push_back({wire::status_subject(terms_.provider), "", status.json});
    }
    const auto outcome = bus_.publish_durable(messages, kPublishTimeout);
    for (std::size_t i = 0; i < outcome.stored.size(); ++i) {
        if (statuses[i].sent) {
            repeated_.add();
        } else if (outcome.stored[i]) {
            journal_.update(statuses[i].key.job, [&](JobRecord& record) {
                if (record.stopped && record.stopped->seq == statuses[i].seq) {
                    record.stopped->sent = true;
                }
            });
        }
    }
}

}  // namespace lamda::agent
