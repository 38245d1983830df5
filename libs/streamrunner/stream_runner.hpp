// StreamRunner: the one composition of a chain stream in a process: endpoints, log stream, projector, audit,
// lease, identity and the loops that run them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pgingest/pg_audit.hpp"
#include "pgingest/pg_lease.hpp"
#include "pgingest/projector.hpp"
#include "rpcpool/errors.hpp"
#include "rpcpool/multi_rpc.hpp"
#include "runtime/app.hpp"
#include "runtime/identity.hpp"
#include "streamrunner/chain_settings.hpp"

namespace lamda::streamrunner {

/// One stream: its key, its filter, its finality, and the names of its two loops.
struct StreamPlan {
    std::string name;  ///< `dispatcher:bsc`; key of the stream's rows
    std::vector<Topic> topics;
    ingest::FinalityRule finality{};
    bool only_final = false;  ///< deliver no block above finality
    /// A large batch is written while the next one is read.
    bool write_behind = false;
    /// The lease is this stream's alone: released when the stream stops.
    bool releases_lease = true;
    std::string stream_loop = "stream";
    std::string audit_loop = "sweep";
};

/// Runs `work`; a contradiction between the settings and a chain becomes runtime::ConfigError, which ends the
/// process with status 78.
template <class F>
auto or_config_error(F&& work) {
    try {
        return work();
    } catch (const rpcpool::ConfigContradiction& error) {
        throw runtime::ConfigError(error.what());
    }
}

class StreamRunner {
  public:
    /// All references must outlive the app's loops.
    StreamRunner(runtime::App& app, store::Database& database, const Clock& clock, pgingest::PgLease& lease,
                 StreamPlan plan, const ChainSettings& chain, const ReadSettings& reading);
    ~StreamRunner();

    rpcpool::MultiRpc& rpc() { return rpc_; }
    /// The claim that runtime::Identity compares with the stream's record.
    runtime::IdentityClaim identity_claim() const;
    /// Registers the loops with the app: the stream, and the audit unless its pace is 0. Once.
    void start(pgingest::Projection& projection, pgingest::Repairable& journal);

  private:
    struct Parts;
    ingest::StreamConfig stream_config() const;

    runtime::App& app_;
    store::Database& database_;
    const Clock& clock_;
    pgingest::PgLease& lease_;
    StreamPlan plan_;
    const ChainSettings& chain_;
    ReadSettings reading_;
    rpcpool::MultiRpc rpc_;
    std::unique_ptr<Parts> parts_;  ///< made by start()
};

}  // namespace lamda::streamrunner
