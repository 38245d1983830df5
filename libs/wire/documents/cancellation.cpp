#include "wire/documents/cancellation.hpp"

#include <utility>

#include "crypto/digest.hpp"

namespace lamda::wire {

namespace {

bool signed_by(const Address& renter, const JobId& job, const Command::CancelJob::ByRenter& given,
               const eth::Eip712Domain& domain) {
    const auto signer = crypto::recover(
        crypto::keccak256(cancellation_message(job, given.expires_at, domain)), given.signature);
    return signer && *signer == renter;
}

}  // namespace

Bytes cancellation_message(const JobId& job, std::uint64_t expires_at, const eth::Eip712Domain& domain) {
    eth::StructHasher hasher("CancelJob(bytes32 jobId,uint64 expiresAt)");
    hasher.add(job.as<Bytes32>()).add_uint(expires_at);
    return eth::typed_data_message(domain, hasher.hash());
}

Command::CancelJob sign_cancellation(const JobId& job, std::uint64_t expires_at,
                                     const eth::Eip712Domain& domain, const crypto::Signer& renter) {
    return {job, Command::CancelJob::ByRenter{expires_at,
                                              renter.sign(cancellation_message(job, expires_at, domain))}};
}

lamda::Status verify_canceller(const Command::CancelJob& command, const Address& renter,
                               const eth::Eip712Domain& domain) {
    const auto& given = command.by_renter;
    if (!given || !signed_by(renter, command.job_id, *given, domain)) {
        return Error{"not_the_renter",
                     "the signature is not the renter's: " + renter.hex() +
                         " must sign CancelJob(bytes32 jobId,uint64 expiresAt) with this jobId and expiresAt "
                         "for chain " +
                         std::to_string(domain.chain_id.value) + " and JobManager " +
                         domain.verifying_contract.hex(),
                     "/signature"};
    }
    return Ok{};
}

lamda::Status verify_cancellation(const Command::CancelJob& command, const Address& renter,
                                  const eth::Eip712Domain& domain, Timestamp now) {
    if (auto verified = verify_canceller(command, renter, domain); !verified) {
        return verified;
    }
    const auto& given = command.by_renter;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    if (std::cmp_less_equal(given->expires_at, seconds)) {
        return Error{"expired",
                     "the signed cancellation expired before " + to_rfc3339(now) +
                         "; sign another one with a later expiresAt",
                     "/expiresAt"};
    }
    if (std::cmp_greater(given->expires_at, seconds + kLongestCancellation.count())) {
        return Error{"expires_too_late",
                     "expiresAt is more than three days after " + to_rfc3339(now) +
                         "; sign another one with an earlier expiresAt, in seconds since 1970",
                     "/expiresAt"};
    }
    return Ok{};
}

Escrow escrow_of(ChainState state) {
    return state == ChainState::kAbsent ? Escrow::kNotOnChain : Escrow::kHeld;
}

std::string_view to_string(Escrow escrow) {
    switch (escrow) {
        case Escrow::kHeld:
            return "held_no_refund";
        case Escrow::kNotOnChain:
            return "not_on_chain";
    }
    return "";
}

std::string_view describe(Escrow escrow) {
    switch (escrow) {
        case Escrow::kHeld:
            return "The payment stays in JobManager: the contract has no refund and no deadline. Only a "
                   "confirmation by the renter or the provider, and then a claim by the provider, pay it "
                   "out, "
                   "to the provider; a cancellation prevents neither.";
        case Escrow::kNotOnChain:
            return "No block holds the job at present: a reorganization removed its creation, and with it "
                   "the "
                   "payment. If the transaction is mined again, the job stays cancelled, and JobManager "
                   "keeps "
                   "the payment, without a refund or a deadline.";
    }
    return "";
}

}  // namespace lamda::wire
