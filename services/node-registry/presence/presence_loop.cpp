#include "services/node-registry/presence/presence_loop.hpp"

#include "runtime/app.hpp"
#include "services/node-registry/ingest/node_events.hpp"
#include "services/node-registry/presence/presence_history_store.hpp"
#include "store/channels.hpp"
#include "wire/provider_notice.hpp"
#include "wire/subjects.hpp"

namespace lamda::registry {

namespace {

constexpr auto kCheck = "market";
/// Limit of providers between two flushes: more signatures than can be verified in that time.
constexpr std::size_t kMostWaiting = 10'000;

}  // namespace

PresenceLoop::PresenceLoop(store::Database& database, Millis offline_after, const Clock& clock,
                           const telemetry::Log& log, telemetry::Metrics& metrics, telemetry::Health& health)
    : database_(database),
      offline_after_(offline_after),
      clock_(clock),
      log_(log),
      health_(health),
      heartbeats_(metrics.counter("lamda_registry_heartbeats_total", "Heartbeats accepted from the bus.")),
      refusals_(clock, log, metrics) {
    health_.set(kCheck, true,
                "heartbeats are not accepted yet: the job dispatcher has not recorded its chain in this "
                "database");
}

void PresenceLoop::take(const bus::Message& message) {
    const auto from = wire::provider_of(message.subject);
    if (from && !shares_.take(*from, clock_.steady())) {
        refusals_.add(message.subject, {"too_many", "more than the provider's share", ""});
        return;
    }
    auto heartbeat = wire::read_heartbeat(message.subject, message.body);
    if (!heartbeat) {
        refusals_.add(message.subject, heartbeat.error());
        return;
    }
    const auto provider = heartbeat->provider;
    std::optional<eth::Eip712Domain> domain;
    std::uint64_t newest = 0;
    bool unkeyed = false;
    {
        const std::lock_guard lock(mutex_);
        domain = domain_;
        unkeyed = !newest_.contains(provider);
        if (const auto waiting = presences_.find(provider); waiting != presences_.end()) {
            newest = waiting->second.heartbeat.seq;
        } else if (const auto known = newest_.find(provider); known != newest_.end()) {
            newest = known->second;
        }
    }
    if (!domain) {
        return;
    }
    if (const auto accepted = wire::check_heartbeat(*heartbeat, newest, *domain, clock_.now()); !accepted) {
        refusals_.add(message.subject, accepted.error());
        return;
    }
    Presence presence{*heartbeat, clock_.now(), std::nullopt, std::nullopt};
    if (unkeyed) {
        presence.public_key = wire::public_key_of(presence.heartbeat, *domain).value();
    }
    presence.notice = notice_of(*heartbeat, *domain, message.subject);
    const std::lock_guard lock(mutex_);
    const auto waiting = presences_.find(provider);
    if (presences_.size() < kMostWaiting || waiting != presences_.end()) {
        heartbeats_.add();
        if (waiting != presences_.end()) {
            if (!presence.public_key) {
                presence.public_key = std::move(waiting->second.public_key);
            }
            if (!presence.notice) {
                presence.notice = std::move(waiting->second.notice);
            }
        }
        presences_.insert_or_assign(provider, std::move(presence));
    }
}

std::optional<std::string> PresenceLoop::notice_of(const wire::Heartbeat& heartbeat,
                                                   const eth::Eip712Domain& domain,
                                                   const std::string& subject) {
    if (!heartbeat.notice) {
        return std::nullopt;
    }
    if (const auto verified = wire::verify_notice(heartbeat, domain); !verified) {
        refusals_.add(subject, verified.error());
        return std::nullopt;
    }
    const auto notice = wire::parse_notice(heartbeat.notice->text);
    if (!notice) {
        refusals_.add(subject, notice.error());
        return std::nullopt;
    }
    return wire::to_json(*notice);
}

void PresenceLoop::run(const std::stop_token& stop) {
    constexpr int kFlushesPerComparison = 4;
    // Before the first heartbeat is written: a node that was offline while no registry was running has been
    // offline. Its events would be too late: they are put after the first heartbeats, for the nodes that stay
    // away.
    database_.transact([](store::Txn& txn) { record_presence(txn); });
    for (int flushes = 1; runtime::pause(stop, Millis(250)); ++flushes) {
        read_deployment();
        flush();
        if (flushes % kFlushesPerComparison == 0) {
            compare();
        }
    }
}

void PresenceLoop::compare() {
    constexpr std::size_t kDeletedAtOnce = 500;
    constexpr Millis kDeleteEvery{60'000};
    database_.transact([&](store::Txn& txn) {
        put_presence_events(txn, clock_.now());
        record_presence(txn);
    });
    if (const auto now = clock_.steady(); now >= deletion_due_) {
        const auto deleted = database_.transact(
            [&](store::Txn& txn) { return delete_old_changes(txn, kHistoryKept, kDeletedAtOnce); });
        // A full step: more follows with the next comparison.
        deletion_due_ = deleted == kDeletedAtOnce ? now : now + kDeleteEvery;
    }
}

void PresenceLoop::read_deployment() {
    {
        const std::lock_guard lock(mutex_);
        if (domain_) {
            return;
        }
    }
    const auto domain = database_.transact([](store::Txn& txn) { return recorded_deployment(txn); });
    if (domain) {
        log_.info("deployment known: heartbeats are accepted",
                  {{"chain_id", domain->chain_id.value}, {"job_manager", domain->verifying_contract.hex()}});
        health_.set(kCheck, true);
        const std::lock_guard lock(mutex_);
        domain_ = domain;
    }
}

void PresenceLoop::flush() {
    std::map<Address, Presence> presences;
    {
        const std::lock_guard lock(mutex_);
        presences.swap(presences_);
    }
    if (presences.empty()) {
        return;
    }
    try {
        const auto saved = database_.transact([&](store::Txn& txn) {
            auto out = save_presence(txn, presences, offline_after_);
            if (out.came_back) {
                txn.notify(store::kNodeChannel);
            }
            return out;
        });
        const std::lock_guard lock(mutex_);
        for (const auto& [provider, seq] : saved.newest) {
            newest_[provider] = seq;
        }
    } catch (...) {
        const std::lock_guard lock(mutex_);
        presences_.merge(presences);  // newer ones received meanwhile stay
        throw;
    }
}

}  // namespace lamda::registry
