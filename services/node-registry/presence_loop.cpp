#include "presence_loop.hpp"

#include "news.hpp"
#include "pipeline/dead_letter.hpp"
#include "runtime/app.hpp"
#include "store/values.hpp"
#include "wire/subjects.hpp"

namespace lamda::registry {

PresenceLoop::PresenceLoop(store::Database& database, Millis offline_after, const Clock& clock,
                           telemetry::Log log, telemetry::Metrics& metrics)
    : database_(database),
      offline_after_(offline_after),
      clock_(clock),
      log_(std::move(log)),
      heartbeats_(metrics.counter("lamda_registry_heartbeats_total", "Heartbeats that came on the bus.")),
      refusals_(
          metrics.counter("lamda_registry_heartbeats_refused_total", "Heartbeats that were malformed.")) {}

void PresenceLoop::take(const bus::Message& message) {
    constexpr std::size_t kMost = 1'000;
    const auto from = wire::provider_of(message.subject);
    auto heartbeat = wire::parse_heartbeat(message.body);
    std::string reason;
    if (!from) {
        reason = from.error().message;
    } else if (!heartbeat) {
        reason = heartbeat.error().code + ": " + heartbeat.error().message + " at " + heartbeat.error().where;
    } else if (*from != heartbeat->provider) {
        reason = "the provider is another one than the subject's";
    }
    const std::lock_guard lock(mutex_);
    if (reason.empty()) {
        heartbeats_.add();
        presences_.insert_or_assign(*from, Presence{std::move(*heartbeat), clock_.now()});
        return;
    }
    refusals_.add();
    log_.warn("heartbeat refused",
              {{"subject", store::storable(message.subject, 256)}, {"reason", store::storable(reason, 512)}});
    if (refused_.size() < kMost) {
        refused_.push_back({message.subject, message.body, reason});
    }
}

void PresenceLoop::run(const std::stop_token& stop) {
    constexpr int kFlushesForOneLook = 4;
    for (int flushes = 1; runtime::pause(stop, Millis(250)); ++flushes) {
        flush();
        if (flushes % kFlushesForOneLook == 0) {
            database_.transact([&](store::Txn& txn) { tell_presence(txn, clock_.now()); });
        }
    }
}

void PresenceLoop::flush() {
    std::map<Address, Presence> presences;
    std::vector<Refused> refused;
    {
        const std::lock_guard lock(mutex_);
        presences.swap(presences_);
        refused.swap(refused_);
    }
    if (presences.empty() && refused.empty()) {
        return;
    }
    try {
        std::vector<Presence> values;
        values.reserve(presences.size());
        for (const auto& [provider, presence] : presences) {
            values.push_back(presence);
        }
        database_.transact([&](store::Txn& txn) {
            if (save_presence(txn, values, offline_after_)) {
                txn.notify(kNodeChannel);
            }
            for (const auto& letter : refused) {
                pipeline::put_dead_letter(txn, kOwner, letter.subject, letter.body, letter.reason);
            }
        });
    } catch (...) {
        const std::lock_guard lock(mutex_);
        presences_.merge(presences);  // newer ones that came meanwhile stay
        refused_.insert(refused_.end(), refused.begin(), refused.end());
        throw;
    }
}

}  // namespace lamda::registry
