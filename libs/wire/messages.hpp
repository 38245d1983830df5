// Messages on the bus: types and codecs. Schemas and samples: proto/messages.
//
// parse_* refuse bad input with the JSON pointer of the wrong field in Error::where. Unknown fields of a
// newer minor version are ignored; a `v` other than 1 is refused.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "crypto/signer.hpp"
#include "eth/codec/typed_data.hpp"
#include "wire/job_spec.hpp"

namespace lamda::wire {

struct Assignment {
    JobId job_id;
    std::uint32_t attempt = 1;
    Address provider;
    std::string docker_image;
    std::optional<std::string> input_file_cid;
    std::vector<std::string> command;
    std::map<std::string, std::string> env;
    Requirements requirements;
    ChainId chain_id;
    std::optional<Address> job_manager;  ///< absent: sent by an older release of the dispatcher
    std::optional<Address> renter;       ///< absent: as above
    std::optional<U256> payment;         ///< wei on chain; absent: as above
    /// The canonical spec of a job with secrets (secrets.hpp); absent: no secrets.
    std::optional<std::string> spec{};
    BlockNum block_number;
    BlockHash block_hash;
    bool operator==(const Assignment&) const = default;
};
std::string to_json(const Assignment& message);
Result<Assignment> parse_assignment(std::string_view json);

enum class RetractReason { kOrphaned, kCancelled, kSuperseded };
struct Retraction {
    JobId job_id;
    std::uint32_t attempt = 0;  ///< attempts up to this one are void
    RetractReason reason = RetractReason::kOrphaned;
    std::optional<ChainId> chain_id{};     ///< of the job; absent: sent by an older release
    std::optional<Address> job_manager{};  ///< as above
    bool operator==(const Retraction&) const = default;
};
std::string to_json(const Retraction& message);
Result<Retraction> parse_retraction(std::string_view json);

enum class StatusKind { kAccepted, kRunning, kCompleted, kFailed };
std::string_view to_string(StatusKind kind);

enum class ErrorCode {
    kInputUnavailable,
    kInputMismatch,
    kImageUnavailable,
    kStartFailed,
    kExitNonzero,
    kOom,
    kTimeout,
    kOutputTooLarge,
    kStoreFailed,
    kRefused,
    kInternal,
    kRetracted  ///< the attempt was retracted, and nothing of it runs any more
};
std::string_view to_string(ErrorCode code);
Result<ErrorCode> parse_error_code(std::string_view text);
/// True if another attempt may succeed.
bool is_transient(ErrorCode code);

struct Receipt {
    JobId job_id;
    std::uint32_t attempt = 0;
    std::string image_digest;
    std::string input_file_cid;
    std::string output_file_cid;
    std::string started_at;  ///< RFC 3339
    std::string ended_at;
    std::int32_t exit_code = 0;
    bool operator==(const Receipt&) const = default;
};

/// Upper bounds, far above any real count: readers may store both as signed 32-bit numbers and increment an
/// attempt.
inline constexpr std::uint32_t kMostAttempt = 1'000'000'000;
inline constexpr std::uint32_t kMostSeq = 0x7fffffff;
/// Largest size of a sent status: above the longest output of to_json for a status that can be signed.
inline constexpr std::int32_t kMostStatusBytes = 16 << 10;

struct JobStatus {
    JobId job_id;
    std::uint32_t attempt = 1;
    std::uint32_t seq = 1;
    Address provider;
    StatusKind status = StatusKind::kAccepted;
    Timestamp at;
    std::optional<std::string> output_file_cid;
    std::optional<std::int32_t> exit_code;
    std::optional<ErrorCode> error_code;
    std::optional<std::string> error_message;  ///< ≤ 1,024 bytes
    std::optional<Receipt> receipt;
    std::optional<crypto::Signature> signature;
    /// Signature over the receipt alone, as received: receipt.hpp checks it, because a wrong one does not
    /// invalidate the status. Empty: no text. Absent: sent by an older release, or no receipt.
    std::optional<std::string> receipt_signature;
    bool operator==(const JobStatus&) const = default;
};
/// EIP-712 domain of statuses and heartbeats: (`Lamda`, `1`, BSC's chain id, JobManager's address).
eth::Eip712Domain market_domain(ChainId bsc, const Address& job_manager);
/// The signed bytes: their keccak256 is the EIP-712 digest.
Bytes status_message(const JobStatus& status, const eth::Eip712Domain& domain);
JobStatus sign_status(JobStatus status, const eth::Eip712Domain& domain, const crypto::Signer& signer);
/// Verifies the signature of status.provider. Errors: `invalid_signature`.
lamda::Status verify_status(const JobStatus& status, const eth::Eip712Domain& domain);
std::string to_json(const JobStatus& message);
Result<JobStatus> parse_status(std::string_view json);

/// The dispatcher has recorded a final status: the agent need not keep it any longer.
struct StatusApplied {
    JobId job_id;
    std::uint32_t attempt = 1;
    std::uint32_t seq = 1;  ///< of the final status
    bool operator==(const StatusApplied&) const = default;
};
std::string to_json(const StatusApplied& message);
Result<StatusApplied> parse_status_applied(std::string_view json);

/// Facts about a provider that accompany a heartbeat: policy, offered and free resources, draining.
/// provider_notice.hpp reads the text.
struct HeartbeatNotice {
    std::string text;  ///< JSON, at most kMostNoticeBytes; signed exactly as in the message
    crypto::Signature signature;
    bool operator==(const HeartbeatNotice&) const = default;
};
inline constexpr std::size_t kMostNoticeBytes = 32 << 10;

struct Heartbeat {
    Address provider;
    std::uint64_t seq = 1;  ///< increases with every heartbeat of the provider; follows the wall clock in ms
    Timestamp at;
    std::string agent_version;
    std::uint32_t capacity = 1;
    std::uint32_t running = 0;
    std::string instance;  ///< random per process: distinguishes two agents with one key; empty: not sent
    std::optional<crypto::Signature> signature;
    std::optional<HeartbeatNotice> notice{};
    bool operator==(const Heartbeat&) const = default;
};
/// The signed bytes: their keccak256 is the EIP-712 digest. The struct's type distinguishes them from a
/// status.
Bytes heartbeat_message(const Heartbeat& heartbeat, const eth::Eip712Domain& domain);
Heartbeat sign_heartbeat(Heartbeat heartbeat, const eth::Eip712Domain& domain, const crypto::Signer& signer);
/// Adds the notice, signed for this heartbeat's number.
Heartbeat sign_notice(Heartbeat heartbeat, std::string text, const eth::Eip712Domain& domain,
                      const crypto::Signer& signer);
/// Verifies that heartbeat.provider signed the notice for this heartbeat. Errors: `invalid_signature`.
lamda::Status verify_notice(const Heartbeat& heartbeat, const eth::Eip712Domain& domain);
/// Verifies the signature of heartbeat.provider, without the notice's. Errors: `invalid_signature`.
lamda::Status verify_heartbeat(const Heartbeat& heartbeat, const eth::Eip712Domain& domain);
/// Public key that signed a verified heartbeat, 33 bytes: the provider's. Errors: `invalid_signature`.
Result<Bytes> public_key_of(const Heartbeat& heartbeat, const eth::Eip712Domain& domain);
std::string to_json(const Heartbeat& message);
Result<Heartbeat> parse_heartbeat(std::string_view json);

struct LogChunk {
    JobId job_id;
    std::uint32_t attempt = 1;
    std::uint64_t seq = 1;
    std::string stream;  ///< stdout | stderr
    Timestamp at;
    std::string data;  ///< UTF-8; invalid bytes are replaced
    bool operator==(const LogChunk&) const = default;
};
std::string to_json(const LogChunk& message);
Result<LogChunk> parse_log_chunk(std::string_view json);

struct Event {
    std::int64_t id = 0;  ///< of the journal entry
    std::string kind;     ///< one of event_kinds(), or of a later version
    Timestamp at;
    std::optional<ChainId> chain_id;
    std::optional<BlockRef> block;
    std::optional<std::uint64_t> log_index;
    std::string data_json;  ///< an object
    bool operator==(const Event&) const = default;
};
std::string to_json(const Event& message);
Result<Event> parse_event(std::string_view json);

/// A message on jobs.command.
struct Command {
    std::string request_id;  ///< idempotency key, 1–128 bytes
    struct SetStatus {
        JobId job_id;
        std::string status;  ///< cancelled | failed
        std::string error_message;
        bool operator==(const SetStatus&) const = default;
    };
    struct AttachSpec {
        JobId job_id;
        std::string spec_json;
        std::string signature;  ///< EIP-191, hex65
        bool operator==(const AttachSpec&) const = default;
    };
    /// Ends a job that has no result yet.
    struct CancelJob {
        JobId job_id;
        /// The renter's authority (documents/cancellation.hpp).
        struct ByRenter {
            std::uint64_t expires_at = 0;  ///< seconds since 1970
            crypto::Signature signature;
            bool operator==(const ByRenter&) const = default;
        };
        std::optional<ByRenter> by_renter;  ///< absent: requested by the operator, with a proof
        bool operator==(const CancelJob&) const = default;
    };
    std::variant<SetStatus, AttachSpec, CancelJob> what;
    /// The operator's proof (command_proof.hpp); with commands that needs_operator() names.
    struct Proof {
        Timestamp at;
        Bytes32 code;
        bool operator==(const Proof&) const = default;
    };
    std::optional<Proof> proof{};
    bool operator==(const Command&) const = default;
};
const JobId& job_of(const Command& command);
/// True if only the operator's proof authorises the command; else the renter's signature does.
bool needs_operator(const Command& command);
std::string to_json(const Command& message);
Result<Command> parse_command(std::string_view json);

}  // namespace lamda::wire
