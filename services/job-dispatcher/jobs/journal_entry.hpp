// One entry of a job's journal: a fact from the chain, or about the work.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/u256.hpp"
#include "wire/job_state.hpp"

namespace lamda::dispatch {

/// What JobManager logs tell.
enum class ChainFact { kCreated, kConfirmed, kClaimed };
using Fact = std::variant<ChainFact, wire::WorkFact>;
/// `created`, `confirmed`, `claimed`, or the work fact's name: the journal's column `kind`.
std::string_view to_string(const Fact& fact);
/// Errors: `invalid_fact`.
Result<Fact> parse_fact(std::string_view text);

/// Where a log stands. (block hash, log index) is unique among canonical logs.
struct ChainPosition {
    BlockRef block;
    std::uint64_t log_index = 0;
    TxHash tx_hash;
    bool operator==(const ChainPosition&) const = default;
};

/// What each kind of fact brings along; absent where it brings nothing.
struct FactBody {
    std::optional<Address> renter;
    std::optional<Address> provider;
    std::optional<U256> amount;                 ///< wei: payment of `created`, amount of `claimed`
    std::optional<std::uint32_t> next_attempt;  ///< that leaves with `assignable` and `retry`
    bool uncounted = false;  ///< this attempt does not count in MAX_ATTEMPTS (after a reorg)
    std::optional<std::string> docker_image;
    std::optional<std::string> input_file_cid;
    std::optional<std::string> output_file_cid;
    std::optional<std::uint32_t> time_limit_seconds;
    std::optional<std::string> error_message;
    bool operator==(const FactBody&) const = default;
};
/// A JSON object of the fields that are there.
std::string to_json(const FactBody& body);
/// Errors: `invalid_body`.
Result<FactBody> parse_fact_body(std::string_view json);

struct JobEvent {
    std::int64_t id = 0;  ///< place in the journal; 0: not written yet
    JobId job_id;
    Fact fact = ChainFact::kCreated;
    Timestamp at;                           ///< block time, or when the work fact was so
    std::optional<ChainPosition> position;  ///< of chain facts only
    bool orphaned = false;                  ///< its block is no longer canonical
    std::optional<std::string> refused_reason;
    std::optional<std::uint32_t> attempt;  ///< that the fact is about
    std::optional<std::uint32_t> seq;      ///< of a status; with the attempt its idempotency key
    FactBody body;
    bool operator==(const JobEvent&) const = default;
};

}  // namespace lamda::dispatch
