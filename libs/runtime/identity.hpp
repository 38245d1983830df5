// The identity of an instance: chain, contract and start block of its settings, compared with what the
// streams in the database were read from, before the instance takes a message or gives an answer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "runtime/app.hpp"
#include "store/database.hpp"

namespace lamda::runtime {

/// What the settings say of one chain.
struct IdentityClaim {
    std::string stream;               ///< its record is the proof: `dispatcher:bsc`
    std::optional<ChainId> chain_id;  ///< absent: any
    Address contract;
    std::optional<BlockNum> start_block{};  ///< absent: any
    /// Names of the settings.
    struct Names {
        std::string chain_id;
        std::string contract;
        std::string start_block;
    } names;
    /// Asks the endpoints whether they are on the chain. @throws ConfigError when all of them are on another
    /// one; anything else: no answer yet. Empty: there are no endpoints.
    std::function<void(ChainId recorded)> ask_endpoints{};
    /// The instance works before there is a record, which it is then compared with: it is ready meanwhile.
    bool works_unrecorded = false;
};

/// What a stream that has begun was read from.
struct StreamRecord {
    std::string stream;
    ChainId chain_id;
    std::vector<Address> contracts;       ///< ascending
    std::optional<BlockNum> start_block;  ///< absent: begun by a release that did not record it
};

/// Of all streams of the same chain as `stream`: those whose names are equal behind the colon.
std::vector<StreamRecord> read_stream_records(store::Txn& txn, const std::string& stream);

/// What contradicts the claim: the setting's name, what is wrong, what would be right. Empty: nothing does.
/// Chain and contract are compared with every record, the start block with the one of the claim's own stream.
/// Pure.
std::string contradiction(const IdentityClaim& claim, const std::vector<StreamRecord>& records);

/// Adds to the app: the step `configuration`, which ends the process with 78 when a record contradicts a
/// claim, and the loop and check `identity`, which compares until the stream of each claim has a record.
/// Thread-safe.
class Identity {
  public:
    /// After prepare_database(): the records are read from its schema.
    Identity(App& app, store::Database& database, std::vector<IdentityClaim> claims);
    /// Each claim's stream has a record, and nothing contradicts.
    bool proven() const { return proven_; }
    /// The same, by a comparison now where there was no proof yet: for messages that come meanwhile. A
    /// contradiction and a database that is away mean false; the step and the loop report them.
    bool prove();
    /// Waits for the proof. False: stopped before.
    bool wait(const std::stop_token& stop) const;
    /// A loop that begins after the proof.
    std::function<void(const std::stop_token&)> after_proof(
        std::function<void(const std::stop_token&)> body) const;

  private:
    /// The first claim whose stream has no record yet; none: proven. @throws ConfigError, store errors
    const IdentityClaim* compare();
    void run(const std::stop_token& stop);
    /// Until the endpoints of each claim have answered once.
    void ask_endpoints(const std::stop_token& stop);

    telemetry::Health& health_;
    telemetry::Log log_;
    store::Database& database_;
    std::vector<IdentityClaim> claims_;
    std::vector<ChainId> recorded_;  ///< by claim, once proven
    mutable std::mutex mutex_;
    mutable std::condition_variable_any changed_;
    std::atomic<bool> proven_{false};
};

}  // namespace lamda::runtime
