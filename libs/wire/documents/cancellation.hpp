// Cancellation of a job by its renter: signature (EIP-712), validity, and what becomes of the payment.
#pragma once

#include <string_view>

#include "wire/job_state.hpp"
#include "wire/messages.hpp"

namespace lamda::wire {

/// Largest distance of `expires_at` from the reader's clock: a signature that was not used cannot be kept for
/// long, and two clocks may each be a day off.
inline constexpr std::chrono::seconds kLongestCancellation = std::chrono::days(3);

/// The signed bytes: their keccak256 is the EIP-712 digest of CancelJob(bytes32 jobId,uint64 expiresAt).
/// @param expires_at seconds since 1970
Bytes cancellation_message(const JobId& job, std::uint64_t expires_at, const eth::Eip712Domain& domain);
Command::CancelJob sign_cancellation(const JobId& job, std::uint64_t expires_at,
                                     const eth::Eip712Domain& domain, const crypto::Signer& renter);
/// Verifies that `renter` signed the cancellation of this job for this domain, whatever the time is.
/// Error: `not_the_renter`; the place is a pointer into the command.
lamda::Status verify_canceller(const Command::CancelJob& command, const Address& renter,
                               const eth::Eip712Domain& domain);
/// Verifies as verify_canceller(), and that the cancellation is valid at `now`.
/// Errors: `not_the_renter`, `expired`, `expires_too_late`; the place is a pointer into the command.
lamda::Status verify_cancellation(const Command::CancelJob& command, const Address& renter,
                                  const eth::Eip712Domain& domain, Timestamp now);

/// State of a cancelled job's payment in JobManager, which has neither a refund nor a deadline.
enum class Escrow {
    kHeld,       ///< in the contract; only a confirmation and the provider's claim move it
    kNotOnChain  ///< no canonical block holds the job
};
Escrow escrow_of(ChainState state);
/// `held_no_refund`, `not_on_chain`: stable, for programs.
std::string_view to_string(Escrow escrow);
/// One or more sentences for people.
std::string_view describe(Escrow escrow);

}  // namespace lamda::wire
