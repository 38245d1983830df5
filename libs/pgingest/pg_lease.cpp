#include "pgingest/pg_lease.hpp"

#include <unistd.h>

#include <array>

namespace lamda::pgingest {

namespace {

/// Much longer than the interval at which a standby instance polls the lease.
constexpr std::chrono::seconds kYieldFor{3};

/// Host and process id, by which an operator finds the instance.
std::string this_instance() {
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) {
        host[0] = '?';
    }
    return std::string(host.data()) + ":" + std::to_string(::getpid());
}

}  // namespace

PgLease::PgLease(store::Database& database, std::string owner, const telemetry::Context& context)
    : database_(database),
      owner_(std::move(owner)),
      instance_(this_instance()),
      clock_(context.clock),
      log_(context.log),
      held_(context.metrics.gauge("lamda_lease_held", "1: this instance reads the chains",
                                  {{"owner", owner_}})),
      lock_(database, "lamda:lease:" + owner_) {}

bool PgLease::held() {
    const std::lock_guard lock(mutex_);
    if (clock_.steady() < not_before_) {
        return false;
    }
    const auto session = ask();
    held_.set(session ? 1 : 0);
    if (!session) {
        if (noted_) {
            log_.warn("lease lost", {{"owner", owner_}});
        }
        noted_.reset();
        return false;
    }
    if (noted_ != session) {
        note(*session);
        log_.info("now active (holds the lease)", {{"owner", owner_}, {"instance", instance_}});
    }
    return true;
}

std::optional<store::SessionLock::Session> PgLease::ask() {
    try {
        return lock_.held() ? lock_.session() : std::nullopt;
    } catch (...) {
        held_.set(0);
        throw;
    }
}

void PgLease::note(const store::SessionLock::Session& session) {
    database_.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO chain.lease (owner, instance, lock_key, backend_pid) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (owner) DO UPDATE SET instance = excluded.instance, lock_key = excluded.lock_key, "
            "backend_pid = excluded.backend_pid, since = excluded.since",
            {owner_, instance_, session.key, session.backend_pid});
    });
    noted_ = session;
}

void PgLease::yield() {
    const std::lock_guard lock(mutex_);
    if (!noted_) {
        return;
    }
    not_before_ = clock_.steady() + kYieldFor;
    lock_.release();
    held_.set(0);
    noted_.reset();
    log_.warn("lease yielded", {{"owner", owner_}, {"instance", instance_}});
}

bool PgLease::yielded() {
    const std::lock_guard lock(mutex_);
    return clock_.steady() < not_before_;
}

void PgLease::release() {
    const std::lock_guard lock(mutex_);
    lock_.release();
    held_.set(0);
    noted_.reset();
}

}  // namespace lamda::pgingest
