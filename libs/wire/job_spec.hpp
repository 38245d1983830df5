// The job spec: the work to run, committed to by the jobId.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cid.hpp"
#include "core/ids.hpp"
#include "core/u256.hpp"

namespace lamda::wire {

struct Requirements {
    std::uint32_t cpu_millis = 1000;  ///< 1–256000
    std::uint32_t memory_mib = 512;   ///< 8–1048576
    std::uint32_t disk_mib = 1024;    ///< 1–1048576
    std::uint32_t gpu_count = 0;      ///< 0–16
    bool network = false;
    std::uint32_t time_limit_seconds = 3600;  ///< 1–86400
    /// The container's root file system is read-only, with a tmpfs at /tmp. False: no member in the stored
    /// form.
    bool read_only_root = false;
    bool operator==(const Requirements&) const = default;
};

struct JobSpec {
    ChainId chain_id;
    Address job_manager;
    Address renter;
    Address provider;
    U256 min_payment;          ///< wei
    std::string docker_image;  ///< check_image_reference
    std::optional<std::string> input_file_cid;
    std::vector<std::string> command;
    std::map<std::string, std::string> env;
    Requirements requirements;
    Bytes32 salt;
    /// Sealed to the provider (secrets.hpp), by name: base64url. Empty: no member in the stored form.
    std::map<std::string, std::string> secrets{};
    bool operator==(const JobSpec&) const = default;
};

/// Largest canonical form.
inline constexpr std::size_t kMostSpecBytes = 65536;

/// Parses the stored form. Refuses a missing field, unknown fields, duplicate keys, floats, non-ASCII keys,
/// depth over 4 and more than 65,536 bytes of canonical form; the input need not be canonical. Errors name
/// the field by JSON pointer in `where`.
/// @param breaches receives all breaches, one for each place; the returned error is the first
Result<JobSpec> parse_job_spec(std::string_view json, std::vector<Error>* breaches = nullptr);
/// As parse_job_spec(), and requires the canonical form byte for byte. Errors: also `not_canonical`.
Result<JobSpec> parse_canonical_job_spec(std::string_view json);
/// The canonical form, RFC 8785.
std::string canonical_json(const JobSpec& spec);
/// SHA-256 of the canonical form.
JobId job_id_of(const JobSpec& spec);
JobId job_id_of_canonical(std::string_view canonical);
/// Digest that a renter signs (EIP-191) to attach a spec to a job whose id is not the spec's digest.
Bytes32 attach_spec_digest(const JobId& job, const JobId& spec);
/// CID of the spec's block on IPFS: CIDv1, raw, sha2-256, with the job id as digest.
Cid spec_cid(const JobId& id);

/// Completes the spec of a request (POST /api/jobs): requires `renter`, `provider`, `dockerImage`, adds the
/// defaults; `chainId` and `jobManager` must match if present. Unknown fields are refused.
struct SpecDefaults {
    ChainId chain_id;
    Address job_manager;
    U256 payment;
    Bytes32 salt;
};
/// @param breaches receives all breaches, one for each place; the returned error is the first. Addresses may
/// be in any case with a correct checksum (EIP-55), and not zero; a CID may have any form and is stored as
/// CIDv1 in base32; `readOnlyRoot` may be false, and is then not stored. A spec with secrets has to be
/// complete and in the stored form already: `not_complete`, because any change would make its secrets
/// impossible to open.
Result<JobSpec> complete_job_spec(std::string_view partial_json, const SpecDefaults& defaults,
                                  std::vector<Error>* breaches = nullptr);

/// Text that names the contradiction between a JobCreated event and its spec; nullopt: none.
struct OnChainJob {
    ChainId chain_id;
    Address job_manager;
    Address renter;
    Address provider;
    U256 payment;
};
std::optional<std::string> contradiction(const JobSpec& spec, const OnChainJob& job);

/// Canonical form (RFC 8785) of JSON that consists of strings, booleans, null, integers below 2^53, arrays
/// and objects. Errors: `invalid_json`, `not_representable`.
Result<std::string> canonicalize_json(std::string_view json);

}  // namespace lamda::wire
