// Receipt of a job's run as a document of its own: signature (EIP-712), checks, JSON.
#pragma once

#include <string>
#include <string_view>

#include "wire/messages.hpp"

namespace lamda::wire {

/// The signed bytes: their keccak256 is the EIP-712 digest of the struct Receipt.
Bytes receipt_message(const Receipt& receipt, const eth::Eip712Domain& domain);
crypto::Signature sign_receipt(const Receipt& receipt, const eth::Eip712Domain& domain,
                               const crypto::Signer& signer);

/// A receipt with all that is needed to verify it without a service.
struct SignedReceipt {
    Receipt receipt;
    crypto::Signature signature;
    ChainId chain_id;
    Address job_manager;
    Address provider;
    bool operator==(const SignedReceipt&) const = default;
};
/// `{"receipt":{…},"signature","domain":{"name","version","chainId","verifyingContract"},"provider"}`, the
/// addresses by EIP-55.
std::string to_json(const SignedReceipt& document);
/// At most 16 KiB. Addresses may be in any case with a correct checksum. Errors name the field by JSON
/// pointer.
Result<SignedReceipt> parse_signed_receipt(std::string_view json);

/// Checks form and order of the fields: digest of the image, CIDs, times in milliseconds of UTC, the start
/// not after the end. Errors: `invalid_receipt`.
lamda::Status check_receipt(const Receipt& receipt);
/// Checks that the receipt is for a run of this spec: the input, and the image's digest if the spec pins it.
/// Errors: `invalid_receipt`.
lamda::Status check_receipt(const Receipt& receipt, const JobSpec& spec);
/// Verifies the signature of document.provider. Errors: `invalid_signature`.
lamda::Status verify_receipt(const SignedReceipt& document);

/// Returns the receipt of a verified `completed` status if it is valid by itself: well-formed, of the
/// status's job, attempt, output and exit code, of the spec, and signed by the status's provider.
/// @param spec absent: unknown, input and image are not compared
/// Errors: `invalid_receipt`, `invalid_signature`
Result<SignedReceipt> receipt_of(const JobStatus& status, const std::optional<JobSpec>& spec, ChainId bsc,
                                 const Address& job_manager);

}  // namespace lamda::wire
