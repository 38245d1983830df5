// `lamda receipt`: shows a job's signed receipt, and verifies one without any service or chain.
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "crypto/address_text.hpp"
#include "terminal/table.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/gateway.hpp"
#include "tools/cli/output/fields.hpp"
#include "tools/cli/output/printing.hpp"
#include "wire/documents/receipt.hpp"

namespace lamda::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// Input limit: a document has 16 KiB, a spec 64 KiB in canonical form.
constexpr std::size_t kMostInput = 1U << 20;

/// @throws CommandRefused(2)
std::string read_input(const std::string& path, const std::string& name) {
    std::string text;
    std::ifstream file;
    if (path != "-") {
        file.open(path, std::ios::binary);
        if (!file) {
            throw CommandRefused(kExitUsage, name + ": cannot read " + path + ": " + std::strerror(errno));
        }
    }
    std::istream& in = path == "-" ? std::cin : file;
    text.resize(kMostInput + 1);
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad() || text.size() > kMostInput) {
        throw CommandRefused(kExitUsage, name + ": " + path + " is not readable, or has more than 1 MiB");
    }
    return text;
}

CommandRefused invalid(const std::string& reason) {
    return {1, "the receipt is not valid: " + reason};
}

std::string reason_of(const Error& error) {
    return error.message + (error.where.empty() ? "" : " (" + error.where + ")");
}

/// @throws CommandRefused(1)
void require(const lamda::Status& checked) {
    if (!checked) {
        throw invalid(reason_of(checked.error()));
    }
}

/// Names the source of an expected value: an option's name, or "the spec".
void require_same(const std::string& what, const std::string& in_receipt, const std::string& expected,
                  const std::string& source) {
    if (in_receipt != expected) {
        throw invalid(
            fmt::format("the {} is {} in the document and {} by {}", what, in_receipt, expected, source));
    }
}

/// Compares the document with the spec that the job id commits to. @throws CommandRefused
void check_spec(const wire::SignedReceipt& document, const std::string& path) {
    const auto spec = wire::parse_job_spec(read_input(path, "--spec"));
    if (!spec) {
        throw CommandRefused(kExitUsage,
                             "--spec: " + path + " is not a job spec: " + reason_of(spec.error()));
    }
    require_same("job id", document.receipt.job_id.hex(), wire::job_id_of(*spec).hex(), "the spec");
    require_same("provider", document.provider.hex(), spec->provider.hex(), "the spec");
    require_same("chain id", std::to_string(document.chain_id.value), std::to_string(spec->chain_id.value),
                 "the spec");
    require_same("JobManager", document.job_manager.hex(), spec->job_manager.hex(), "the spec");
    require(wire::check_receipt(document.receipt, *spec));
}

std::string source_of(bool given, bool by_spec, const char* option) {
    return by_spec ? "equal to the spec's"
           : given ? "as expected"
                   : std::string("named by the document; compare it, or use ") + option;
}

}  // namespace

int show_receipt(Context& context, const std::string& id) {
    const auto document = ordered_json::parse(
        gateway_get(context, "/api/jobs/" + argument(JobId::parse(id), "id").hex() + "/receipt"));
    fmt::print("{}\n", document.dump(context.json() ? -1 : 2, ' ', true));
    return 0;
}

int verify_receipt(Context& context, const ReceiptOptions& options) {
    const auto document = wire::parse_signed_receipt(read_input(options.file, "receipt"));
    if (!document) {
        throw invalid(reason_of(document.error()));
    }
    if (!options.provider.empty()) {
        require_same("provider", document->provider.hex(),
                     argument(crypto::parse_address(options.provider), "--provider").hex(), "--provider");
    }
    if (options.chain_id) {
        require_same("chain id", std::to_string(document->chain_id.value), std::to_string(*options.chain_id),
                     "--chain-id");
    }
    if (!options.job_manager.empty()) {
        require_same("JobManager", document->job_manager.hex(),
                     argument(crypto::parse_address(options.job_manager), "--job-manager").hex(),
                     "--job-manager");
    }
    require(wire::check_receipt(document->receipt));
    require(wire::verify_receipt(*document));
    const bool by_spec = !options.spec_file.empty();
    if (by_spec) {
        check_spec(*document, options.spec_file);
    }
    const auto& receipt = document->receipt;
    const std::string input = receipt.input_file_cid.empty() ? "none" : receipt.input_file_cid;
    if (context.json()) {
        fmt::print("{}", json_line({{"valid", true},
                                    {"job_id", receipt.job_id.hex()},
                                    {"provider", crypto::checksum_address(document->provider)},
                                    {"spec_checked", by_spec}}));
        return 0;
    }
    fmt::print(
        "{}",
        terminal::listing(
            {{"signature", "valid: EIP-712 by " + crypto::checksum_address(document->provider)},
             {"provider", source_of(!options.provider.empty(), by_spec, "--provider")},
             {"chain", fmt::format("{}, {}", document->chain_id.value,
                                   source_of(options.chain_id.has_value(), by_spec, "--chain-id"))},
             {"JobManager", fmt::format("{}, {}", crypto::checksum_address(document->job_manager),
                                        source_of(!options.job_manager.empty(), by_spec, "--job-manager"))},
             {"job", receipt.job_id.hex() + (by_spec ? ", the SHA-256 of the spec" : "")},
             {"attempt", std::to_string(receipt.attempt)},
             {"image", receipt.image_digest},
             {"input", input + (by_spec ? ", the spec's" : "")},
             {"output", receipt.output_file_cid},
             {"started", receipt.started_at},
             {"ended", receipt.ended_at},
             {"exit code", std::to_string(receipt.exit_code)}}));
    return 0;
}

}  // namespace lamda::cli
