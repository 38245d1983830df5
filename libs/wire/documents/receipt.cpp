#include "wire/documents/receipt.hpp"

#include <algorithm>
#include <limits>

#include "core/cid.hpp"
#include "core/hex_digit.hpp"
#include "crypto/address_text.hpp"
#include "crypto/digest.hpp"
#include "wire/detail/receipt_fields.hpp"

namespace lamda::wire {
namespace detail {
namespace {

constexpr std::size_t kMostText = 256;

}  // namespace

Bytes32 receipt_hash(const Receipt& receipt) {
    return eth::StructHasher(
               "Receipt(bytes32 jobId,uint32 attempt,string imageDigest,string inputFileCID,string "
               "outputFileCID,"
               "string startedAt,string endedAt,int32 exitCode)")
        .add(receipt.job_id.as<Bytes32>())
        .add_uint(receipt.attempt)
        .add_string(receipt.image_digest)
        .add_string(receipt.input_file_cid)
        .add_string(receipt.output_file_cid)
        .add_string(receipt.started_at)
        .add_string(receipt.ended_at)
        .add_int(receipt.exit_code)
        .hash();
}

Json receipt_json(const Receipt& receipt) {
    return Json::Object{{"jobId", receipt.job_id.hex()},
                        {"attempt", receipt.attempt},
                        {"imageDigest", receipt.image_digest},
                        {"inputFileCID", receipt.input_file_cid},
                        {"outputFileCID", receipt.output_file_cid},
                        {"startedAt", receipt.started_at},
                        {"endedAt", receipt.ended_at},
                        {"exitCode", receipt.exit_code}};
}

std::int32_t read_exit_code(Fields& fields) {
    return static_cast<std::int32_t>(fields.integer("exitCode", std::numeric_limits<std::int32_t>::min(),
                                                    std::numeric_limits<std::int32_t>::max()));
}

crypto::Signature read_signature(Fields& fields, std::string_view key) {
    return fields.checked(key, crypto::Signature::from_hex65(fields.text(key, 0, 132)), {});
}

Receipt read_receipt(Fields fields) {
    Receipt out;
    out.job_id = fields.lowercase_id<JobId>("jobId");
    out.attempt = fields.uint32("attempt", 1);
    out.image_digest = fields.text("imageDigest", 0, kMostText);
    out.input_file_cid = fields.text("inputFileCID", 0, kMostText);
    out.output_file_cid = fields.text("outputFileCID", 0, kMostText);
    out.started_at = fields.text("startedAt", 0, kMostText);
    out.ended_at = fields.text("endedAt", 0, kMostText);
    out.exit_code = read_exit_code(fields);
    return out;
}

}  // namespace detail

namespace {

using detail::Fields;
using detail::Json;

constexpr detail::Limits kDocumentLimits{.bytes = 16U << 10, .depth = 4, .inexact_allowed = false};

Error invalid(std::string message, const char* member) {
    return {"invalid_receipt", std::move(message), std::string("/receipt/") + member};
}

/// True for `sha256:` or `sha512:` and the digest in lowercase hex.
bool is_image_digest(std::string_view text) {
    const auto colon = std::min(text.find(':'), text.size());
    const auto algorithm = text.substr(0, colon);
    const std::size_t digits = algorithm == "sha256" ? 64 : algorithm == "sha512" ? 128 : 0;
    const auto hex = text.substr(std::min(colon + 1, text.size()));
    return digits > 0 && hex.size() == digits && std::all_of(hex.begin(), hex.end(), [](char c) {
               return hex_digit(c) >= 0 && !(c >= 'A' && c <= 'F');
           });
}

/// Absent: the text is no time in the one form of signed messages.
std::optional<Timestamp> exact_time(const std::string& text) {
    const auto time = parse_rfc3339(text);
    return time && to_rfc3339(*time) == text ? std::optional(*time) : std::nullopt;
}

Error differs(const char* member, const std::string& in_receipt, const std::string& elsewhere,
              const std::string& where) {
    return invalid(std::string(member) + " is \"" + in_receipt + "\" in the receipt and \"" + elsewhere +
                       "\" in the " + where,
                   member);
}

lamda::Status check_same(const Receipt& receipt, const JobStatus& status) {
    const std::string where = "status";
    if (receipt.job_id != status.job_id) {
        return differs("jobId", receipt.job_id.hex(), status.job_id.hex(), where);
    }
    if (receipt.attempt != status.attempt) {
        return differs("attempt", std::to_string(receipt.attempt), std::to_string(status.attempt), where);
    }
    if (receipt.output_file_cid != status.output_file_cid.value_or("")) {
        return differs("outputFileCID", receipt.output_file_cid, status.output_file_cid.value_or(""), where);
    }
    if (receipt.exit_code != status.exit_code) {
        return differs("exitCode", std::to_string(receipt.exit_code),
                       status.exit_code ? std::to_string(*status.exit_code) : "null", where);
    }
    return Ok{};
}

Address read_address(Fields& fields, std::string_view key) {
    return fields.checked(key, crypto::parse_address(fields.text(key, 0, 42)), Address{});
}

}  // namespace

Bytes receipt_message(const Receipt& receipt, const eth::Eip712Domain& domain) {
    return eth::typed_data_message(domain, detail::receipt_hash(receipt));
}

crypto::Signature sign_receipt(const Receipt& receipt, const eth::Eip712Domain& domain,
                               const crypto::Signer& signer) {
    return signer.sign(receipt_message(receipt, domain));
}

std::string to_json(const SignedReceipt& document) {
    const auto domain = market_domain(document.chain_id, document.job_manager);
    return Json(Json::Object{{"receipt", detail::receipt_json(document.receipt)},
                             {"signature", document.signature.hex65()},
                             {"domain", Json::Object{{"name", domain.name},
                                                     {"version", domain.version},
                                                     {"chainId", domain.chain_id.value},
                                                     {"verifyingContract",
                                                      crypto::checksum_address(domain.verifying_contract)}}},
                             {"provider", crypto::checksum_address(document.provider)}})
        .text();
}

Result<SignedReceipt> parse_signed_receipt(std::string_view json) {
    const auto value = detail::parse_json(json, kDocumentLimits);
    if (!value) {
        return value.error();
    }
    std::optional<Error> failure;
    Fields fields(*value, "", failure);
    SignedReceipt out;
    out.receipt = detail::read_receipt(fields.object("receipt"));
    out.signature = detail::read_signature(fields, "signature");
    Fields domain = fields.object("domain");
    domain.one_of("name", {"Lamda"});
    domain.one_of("version", {"1"});
    out.chain_id.value = domain.uint64("chainId", 1);
    out.job_manager = read_address(domain, "verifyingContract");
    out.provider = read_address(fields, "provider");
    if (failure) {
        return *failure;
    }
    return out;
}

lamda::Status check_receipt(const Receipt& receipt) {
    if (!is_image_digest(receipt.image_digest)) {
        return invalid("imageDigest must be sha256: and 64 lowercase hex digits", "imageDigest");
    }
    if (!receipt.input_file_cid.empty() && !Cid::parse(receipt.input_file_cid)) {
        return invalid("inputFileCID must be a CID, or empty without an input", "inputFileCID");
    }
    if (!Cid::parse(receipt.output_file_cid)) {
        return invalid("outputFileCID must be a CID", "outputFileCID");
    }
    const auto started = exact_time(receipt.started_at);
    const auto ended = exact_time(receipt.ended_at);
    if (!started || !ended) {
        return invalid("a time must be like 2026-11-20T10:00:00.000Z", started ? "endedAt" : "startedAt");
    }
    if (*started > *ended) {
        return invalid("startedAt " + receipt.started_at + " is after endedAt " + receipt.ended_at,
                       "startedAt");
    }
    return Ok{};
}

lamda::Status check_receipt(const Receipt& receipt, const JobSpec& spec) {
    if (receipt.input_file_cid != spec.input_file_cid.value_or("")) {
        return differs("inputFileCID", receipt.input_file_cid, spec.input_file_cid.value_or(""), "spec");
    }
    const auto at = spec.docker_image.find('@');
    if (at != std::string::npos && receipt.image_digest != spec.docker_image.substr(at + 1)) {
        return differs("imageDigest", receipt.image_digest, spec.docker_image.substr(at + 1), "spec");
    }
    return Ok{};
}

lamda::Status verify_receipt(const SignedReceipt& document) {
    const auto domain = market_domain(document.chain_id, document.job_manager);
    const auto signer =
        crypto::recover(crypto::keccak256(receipt_message(document.receipt, domain)), document.signature);
    if (!signer || *signer != document.provider) {
        return Error{"invalid_signature",
                     "the receipt is not signed by " + document.provider.hex() + " for chain " +
                         std::to_string(document.chain_id.value) + " and JobManager " +
                         document.job_manager.hex(),
                     "/signature"};
    }
    return Ok{};
}

Result<SignedReceipt> receipt_of(const JobStatus& status, const std::optional<JobSpec>& spec, ChainId bsc,
                                 const Address& job_manager) {
    if (!status.receipt || !status.receipt_signature) {
        return Error{"invalid_receipt", "the status has no signed receipt", "/receiptSignature"};
    }
    const auto signature = crypto::Signature::from_hex65(*status.receipt_signature);
    if (!signature) {
        return Error{"invalid_signature", signature.error().message, "/receiptSignature"};
    }
    SignedReceipt out{*status.receipt, *signature, bsc, job_manager, status.provider};
    for (const auto& checked :
         {check_same(out.receipt, status), check_receipt(out.receipt),
          spec ? check_receipt(out.receipt, *spec) : lamda::Status(Ok{}), verify_receipt(out)}) {
        if (!checked) {
            return checked.error();
        }
    }
    return out;
}

}  // namespace lamda::wire
