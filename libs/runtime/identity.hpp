// Identity of an instance: compares the settings' chain, contract and start block with those that the
// database's streams were read from, before the instance accepts a message or answers.
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

/// The settings of one chain.
struct IdentityClaim {
    std::string stream;               ///< its record is the proof: `dispatcher:bsc`
    std::optional<ChainId> chain_id;  ///< absent: any
    Address contract;
    std::optional<BlockNum> start_block{};  ///< absent: any
    /// Names of the settings, for messages.
    struct Names {
        std::string chain_id;
        std::string contract;
        std::string start_block;
    } names;
    /// Checks the endpoints' chain. @throws ConfigError if all of them are on another chain; any other
    /// exception: no answer yet. Empty: there are no endpoints.
    std::function<void(ChainId recorded)> ask_endpoints{};
    /// True if the instance is ready before there is a record to compare with.
    bool works_unrecorded = false;
};

/// Recorded origin of a stream that has begun.
struct StreamRecord {
    std::string stream;
    ChainId chain_id;
    std::vector<Address> contracts;       ///< ascending
    std::optional<BlockNum> start_block;  ///< absent: begun by a release that did not record it
};

/// Records of all streams of the same chain as `stream`: those whose names are equal after the colon.
std::vector<StreamRecord> read_stream_records(store::Txn& txn, const std::string& stream);

/// Describes the contradiction: the setting's name, what is wrong, what would be right. Empty: none. Chain
/// and contract are compared with every record, the start block with the record of the claim's own stream.
/// Pure.
std::string contradiction(const IdentityClaim& claim, const std::vector<StreamRecord>& records);

/// Adds to the app: the step `configuration`, which ends the process with 78 if a record contradicts a claim,
/// and the loop and check `identity`, which compares until the stream of each claim has a record.
/// Thread-safe.
class Identity {
  public:
    /// Construct after prepare_database(): the records are read from its schema.
    Identity(App& app, store::Database& database, std::vector<IdentityClaim> claims);
    /// True if each claim's stream has a record and none contradicts.
    bool proven() const { return proven_; }
    /// Like proven(), but compares now if there is no proof yet: for messages that arrive meanwhile. False
    /// for a contradiction or an unavailable database; the step and the loop report them.
    bool prove();
    /// Waits for the proof. False: stopped before.
    bool wait(const std::stop_token& stop) const;
    /// Wraps a loop so that it begins after the proof.
    std::function<void(const std::stop_token&)> after_proof(
        std::function<void(const std::stop_token&)> body) const;

  private:
    /// The first claim whose stream has no record yet; null: proven. @throws ConfigError, store errors
    const IdentityClaim* compare();
    void run(const std::stop_token& stop);
    /// Retries until the endpoints of each claim have answered once.
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
