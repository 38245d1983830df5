// The agent's signed status of an attempt.
#include <array>

#include "core/utf8.hpp"
#include "crypto/digest.hpp"
#include "wire/detail/receipt_fields.hpp"
#include "wire/messages.hpp"

namespace lamda::wire {
namespace {

using detail::Fields;
using detail::Json;

constexpr std::size_t kMostErrorMessage = 1024;
constexpr std::int32_t kNoExitCode = -1;

struct KnownCode {
    ErrorCode code;
    std::string_view name;
    bool transient;
};
constexpr std::array<KnownCode, 12> kCodes{{{ErrorCode::kInputUnavailable, "input_unavailable", true},
                                            {ErrorCode::kInputMismatch, "input_mismatch", false},
                                            {ErrorCode::kImageUnavailable, "image_unavailable", true},
                                            {ErrorCode::kStartFailed, "start_failed", true},
                                            {ErrorCode::kExitNonzero, "exit_nonzero", false},
                                            {ErrorCode::kOom, "oom", false},
                                            {ErrorCode::kTimeout, "timeout", false},
                                            {ErrorCode::kOutputTooLarge, "output_too_large", false},
                                            {ErrorCode::kStoreFailed, "store_failed", true},
                                            {ErrorCode::kRefused, "refused", false},
                                            {ErrorCode::kInternal, "internal", true},
                                            {ErrorCode::kRetracted, "retracted", false}}};
static_assert([] {
    for (std::size_t i = 0; i < kCodes.size(); ++i) {
        if (static_cast<std::size_t>(kCodes[i].code) != i) {
            return false;
        }
    }
    return true;
}());

const KnownCode& known(ErrorCode code) {
    return kCodes.at(static_cast<std::size_t>(code));
}

/// Cuts the text to at most so many bytes, at a character boundary.
std::string cut(std::string text, std::size_t most) {
    if (text.size() > most) {
        while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) {
            --most;
        }
        text.resize(most);
    }
    return text;
}

}  // namespace

std::string_view to_string(StatusKind kind) {
    switch (kind) {
        case StatusKind::kAccepted:
            return "accepted";
        case StatusKind::kRunning:
            return "running";
        case StatusKind::kCompleted:
            return "completed";
        case StatusKind::kFailed:
            return "failed";
    }
    return "";
}

std::string_view to_string(ErrorCode code) {
    return known(code).name;
}
bool is_transient(ErrorCode code) {
    return known(code).transient;
}

Result<ErrorCode> parse_error_code(std::string_view text) {
    for (const auto& code : kCodes) {
        if (code.name == text) {
            return code.code;
        }
    }
    std::string message = "unknown error code; use ";
    for (const auto& code : kCodes) {
        message.append(&code == &kCodes.front() ? "" : ", ").append(code.name);
    }
    return Error{"invalid_value", std::move(message), ""};
}

eth::Eip712Domain market_domain(ChainId bsc, const Address& job_manager) {
    return {.name = "Lamda", .version = "1", .chain_id = bsc, .verifying_contract = job_manager};
}

Bytes status_message(const JobStatus& status, const eth::Eip712Domain& domain) {
    eth::StructHasher hasher(
        "Status(uint8 v,bytes32 jobId,uint32 attempt,uint32 seq,address provider,string status,string at,"
        "string outputFileCID,int32 exitCode,string errorCode,string errorMessage,bytes32 receipt)");
    hasher.add_uint(1)
        .add(status.job_id.as<Bytes32>())
        .add_uint(status.attempt)
        .add_uint(status.seq)
        .add(status.provider)
        .add_string(to_string(status.status))
        .add_string(to_rfc3339(status.at))
        .add_string(status.output_file_cid.value_or(""))
        .add_int(status.exit_code.value_or(kNoExitCode))
        .add_string(status.error_code ? to_string(*status.error_code) : "")
        .add_string(status.error_message.value_or(""))
        .add(status.receipt ? detail::receipt_hash(*status.receipt) : Bytes32{});
    return eth::typed_data_message(domain, hasher.hash());
}

JobStatus sign_status(JobStatus status, const eth::Eip712Domain& domain, const crypto::Signer& signer) {
    if (status.error_message) {
        // The text may contain output of a container. The signed bytes must be representable in JSON.
        status.error_message = cut(valid_utf8(*status.error_message), kMostErrorMessage);
    }
    status.signature = signer.sign(status_message(status, domain));
    return status;
}

lamda::Status verify_status(const JobStatus& status, const eth::Eip712Domain& domain) {
    if (!status.signature) {
        return Error{"invalid_signature", "the status is not signed", "/signature"};
    }
    const auto signer = crypto::recover(crypto::keccak256(status_message(status, domain)), *status.signature);
    if (!signer || *signer != status.provider) {
        return Error{"invalid_signature", "not signed by " + status.provider.hex(), "/signature"};
    }
    return Ok{};
}

std::string to_json(const JobStatus& message) {
    Json error_code;
    if (message.error_code) {
        error_code = to_string(*message.error_code);
    }
    Json::Object fields = {{"v", 1},
                           {"jobId", message.job_id.hex()},
                           {"attempt", message.attempt},
                           {"seq", message.seq},
                           {"provider", message.provider.hex()},
                           {"status", to_string(message.status)},
                           {"at", to_rfc3339(message.at)},
                           {"outputFileCID", message.output_file_cid},
                           {"exitCode", message.exit_code},
                           {"errorCode", error_code},
                           {"errorMessage", message.error_message},
                           {"receipt", message.receipt ? detail::receipt_json(*message.receipt) : Json()},
                           {"signature", message.signature ? Json(message.signature->hex65()) : Json()}};
    if (message.receipt_signature) {
        fields.emplace_back("receiptSignature", *message.receipt_signature);
    }
    return Json(std::move(fields)).text();
}

Result<JobStatus> parse_status(std::string_view json) {
    if (json.size() > kMostStatusBytes) {
        return Error{"too_large", "a status has at most " + std::to_string(kMostStatusBytes) + " bytes", ""};
    }
    const auto value = detail::parse_message(json);
    if (!value) {
        return value.error();
    }
    std::optional<Error> failure;
    Fields fields(*value, "", failure);
    JobStatus out;
    out.job_id = fields.lowercase_id<JobId>("jobId");
    out.attempt = fields.uint32("attempt", 1, kMostAttempt);
    out.seq = fields.uint32("seq", 1, kMostSeq);
    out.provider = fields.lowercase_address("provider");
    out.status =
        static_cast<StatusKind>(fields.one_of("status", {"accepted", "running", "completed", "failed"}));
    out.at = fields.time("at");
    out.output_file_cid = fields.optional_cid("outputFileCID");
    if (fields.has("exitCode")) {
        out.exit_code = detail::read_exit_code(fields);
    }
    if (fields.has("errorCode")) {
        out.error_code = fields.checked("errorCode", parse_error_code(fields.text("errorCode", 0, 64)),
                                        ErrorCode::kInternal);
    }
    out.error_message = fields.optional_text("errorMessage", kMostErrorMessage);
    if (fields.has("receipt")) {
        out.receipt = detail::read_receipt(fields.object("receipt"));
    }
    if (fields.has("receiptSignature")) {
        const auto* text = value->find("receiptSignature")->as<std::string>();
        out.receipt_signature = text != nullptr ? *text : "";
    }
    if (fields.has("signature")) {
        out.signature = detail::read_signature(fields, "signature");
    }
    if (failure) {
        return *failure;
    }
    return out;
}

}  // namespace lamda::wire
