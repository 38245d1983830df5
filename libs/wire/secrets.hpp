// Secrets of a job spec: sealed to the provider's key and bound to the spec. docs/protocol.md, "Secrets".
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "crypto/seal.hpp"
#include "wire/messages.hpp"

namespace lamda::wire {

/// Longest plaintext of one secret, in bytes.
inline constexpr std::size_t kMostSecretBytes = 16U << 10;

/// Seals a secret for a spec that is complete except for its secrets: any later change of another field makes
/// it impossible to open. @param public_key the provider's, in 33, 64 or 65 bytes Errors:
/// `invalid_public_key` (also the key of another address), `invalid_secret`: name or size
Result<std::string> seal_secret(const JobSpec& spec, std::string_view name, BytesView plain,
                                BytesView public_key);
/// Opens all secrets of a spec. Errors: `no_key_agreement`, `not_sealed`. No error repeats any content.
Result<std::map<std::string, crypto::SecretBytes>> open_secrets(const JobSpec& spec,
                                                                const crypto::Signer& provider);

/// Returns the spec that an assignment with secrets carries, after the check that it is the job's (its digest
/// is the jobId) and that the assignment asks for exactly its work: a secret is opened for no other program.
/// Errors: `invalid_spec`
Result<JobSpec> sealed_spec(const Assignment& assignment);

}  // namespace lamda::wire
