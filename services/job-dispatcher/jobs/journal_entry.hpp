// One entry of a job's journal: a chain fact or a work fact.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/u256.hpp"
#include "wire/job_state.hpp"

namespace lamda::dispatch {

/// Facts about a job's escrow; ingest/job_fact_source.hpp makes them. Stored names: `created`, `confirmed`,
/// `claimed` (paid out).
enum class ChainFact { kCreated, kConfirmed, kClaimed };
using Fact = std::variant<ChainFact, wire::WorkFact>;
/// Returns `created`, `confirmed`, `claimed`, or the work fact's name: the journal's column `kind`.
std::string_view to_string(const Fact& fact);
/// Errors: `invalid_fact`.
Result<Fact> parse_fact(std::string_view text);

/// Position of a log on chain. (block hash, log index) is unique among canonical logs.
struct ChainPosition {
    BlockRef block;
    std::uint64_t log_index = 0;
    TxHash tx_hash;
    bool operator==(const ChainPosition&) const = default;
};

/// Data of a fact. Fields that its kind does not carry are absent.
struct FactBody {
    std::optional<Address> renter;
    std::optional<Address> provider;
    std::optional<U256> amount;                 ///< wei: payment of `created`, amount of `claimed`
    std::optional<std::uint32_t> next_attempt;  ///< the attempt that `assignable` and `retry` start
    bool uncounted = false;  ///< this attempt does not count in MAX_ATTEMPTS (after a reorg)
    std::optional<std::string> docker_image;
    std::optional<std::string> input_file_cid;
    std::optional<std::string> output_file_cid;
    std::optional<std::uint32_t> time_limit_seconds;
    std::optional<std::string> error_message;
    std::optional<std::string> receipt_fault;  ///< of `completed`: why the receipt was not stored
    std::optional<std::string> error_code;     ///< of an agent's failure: wire::ErrorCode
    std::optional<std::int32_t> exit_code;     ///< of the container, as its agent reported the attempt's end
    bool operator==(const FactBody&) const = default;
};
/// Returns a JSON object of the fields that are set.
std::string to_json(const FactBody& body);
/// Errors: `invalid_body`.
Result<FactBody> parse_fact_body(std::string_view json);

struct JobEvent {
    std::int64_t id = 0;  ///< position in the journal; 0: not written yet
    JobId job_id;
    Fact fact = ChainFact::kCreated;
    Timestamp at;                           ///< block time, or time of the work fact
    std::optional<ChainPosition> position;  ///< chain facts only
    bool orphaned = false;                  ///< its block is no longer canonical
    std::optional<std::string> refused_reason;
    std::optional<std::uint32_t> attempt;  ///< that the fact concerns
    std::optional<std::uint32_t> seq;      ///< of a status; with the attempt its idempotency key
    FactBody body;
    bool operator==(const JobEvent&) const = default;
};

}  // namespace lamda::dispatch
