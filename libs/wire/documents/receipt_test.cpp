#include "wire/documents/receipt.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>

#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::wire;

namespace {

const ChainId kChain{97};
const auto kJobManager = Address::parse("0xd9264b533dd53198c7ae345c6afe8ef054303b53").value();

std::string file_of(const std::string& path) {
    std::ifstream in(testkit::source_dir() + path);
    INFO(path);
    REQUIRE(in);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The golden sample: its signatures were made by ethers and viem.
JobStatus sample() {
    return parse_status(file_of("/proto/messages/status.v1.sample.json")).value();
}
JobSpec sample_spec() {
    return parse_job_spec(file_of("/proto/messages/job_spec.v1.sample.json")).value();
}
/// Another key than the sample's provider.
std::unique_ptr<crypto::LocalSigner> another_key() {
    return crypto::LocalSigner::from_hex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
        .value();
}
SignedReceipt document() {
    return receipt_of(sample(), sample_spec(), kChain, kJobManager).value();
}
/// The reason why the status's receipt is not valid by itself; empty: it is.
std::string fault(const JobStatus& status, const std::optional<JobSpec>& spec = sample_spec()) {
    const auto receipt = receipt_of(status, spec, kChain, kJobManager);
    return receipt ? "" : receipt.error().code + " " + receipt.error().where;
}
/// Signs the status's receipt by its provider's key.
JobStatus resigned(JobStatus status) {
    const auto key =
        crypto::LocalSigner::from_hex("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6")
            .value();
    status.receipt_signature =
        sign_receipt(*status.receipt, market_domain(kChain, kJobManager), *key).hex65();
    return status;
}

}  // namespace

TEST_CASE("a receipt that viem signed is valid by itself, and round-trips as a document") {
    const auto receipt = document();
    CHECK(receipt.provider == sample().provider);
    CHECK(parse_signed_receipt(to_json(receipt)).value() == receipt);
    CHECK(verify_receipt(receipt));
    CHECK(resigned(sample()).receipt_signature == sample().receipt_signature);
}

TEST_CASE("the receipt of a status must be that of its job, attempt, output, exit code and spec") {
    struct Case {
        const char* what;
        std::function<void(JobStatus&)> change;
        std::string fault;
    };
    const std::vector<Case> cases{
        {"job", [](JobStatus& s) { s.receipt->job_id = {}; }, "invalid_receipt /receipt/jobId"},
        {"attempt", [](JobStatus& s) { ++s.receipt->attempt; }, "invalid_receipt /receipt/attempt"},
        {"output", [](JobStatus& s) { s.receipt->output_file_cid = s.receipt->input_file_cid; },
         "invalid_receipt /receipt/outputFileCID"},
        {"exit code", [](JobStatus& s) { s.receipt->exit_code = 1; }, "invalid_receipt /receipt/exitCode"},
        {"input", [](JobStatus& s) { s.receipt->input_file_cid.clear(); },
         "invalid_receipt /receipt/inputFileCID"},
        {"digest", [](JobStatus& s) { s.receipt->image_digest = "sha256:D1"; },
         "invalid_receipt /receipt/imageDigest"},
        {"digest without an algorithm", [](JobStatus& s) { s.receipt->image_digest = std::string(64, 'a'); },
         "invalid_receipt /receipt/imageDigest"},
        {"start after the end", [](JobStatus& s) { s.receipt->started_at = "2026-11-20T10:00:02.301Z"; },
         "invalid_receipt /receipt/startedAt"},
        {"another form of the time", [](JobStatus& s) { s.receipt->ended_at = "2026-11-20T10:00:02.3Z"; },
         "invalid_receipt /receipt/endedAt"},
    };
    for (const auto& [what, change, expected] : cases) {
        INFO(what);
        auto status = sample();
        change(status);
        CHECK(fault(resigned(status)) == expected);
    }
    auto pinned = sample_spec();
    pinned.docker_image = "lamda/busybox@" + sample().receipt->image_digest;
    CHECK(fault(sample(), pinned).empty());
    pinned.docker_image = "lamda/busybox@sha256:" + std::string(64, '0');
    CHECK(fault(sample(), pinned) == "invalid_receipt /receipt/imageDigest");
    CHECK(fault(sample(), std::nullopt).empty());
}

TEST_CASE("a wrong signature of the receipt is a fault of the receipt, not of the status") {
    const auto with = [](const std::string& signature) {
        auto text = file_of("/proto/messages/status.v1.sample.json");
        const auto at = text.find("\"receiptSignature\": ");
        REQUIRE(at != std::string::npos);
        return text.substr(0, at) + "\"receiptSignature\": " + signature + "}";
    };
    for (const std::string signature : {"\"\"", "\"0x12\"", "7", "{}", "\"not hex\""}) {
        INFO(signature);
        const auto status = parse_status(with(signature));
        REQUIRE(status);
        CHECK(verify_status(*status, market_domain(kChain, kJobManager)));
        CHECK(fault(*status) == "invalid_signature /receiptSignature");
        CHECK(parse_status(to_json(*status)).value() == *status);
    }
    CHECK(fault(parse_status(with("null")).value()) == "invalid_receipt /receiptSignature");
    auto other = sample();
    other.receipt_signature =
        sign_receipt(*other.receipt, market_domain(kChain, kJobManager), *another_key()).hex65();
    CHECK(fault(other) == "invalid_signature /signature");
}

TEST_CASE("a document verifies under its provider, chain and contract only") {
    const std::map<std::string, std::function<void(SignedReceipt&)>> changes{
        {"provider", [](SignedReceipt& r) { r.provider = another_key()->address(); }},
        {"chain", [](SignedReceipt& r) { r.chain_id = ChainId{56}; }},
        {"contract", [](SignedReceipt& r) { r.job_manager = r.provider; }},
        {"attempt", [](SignedReceipt& r) { ++r.receipt.attempt; }},
        {"output", [](SignedReceipt& r) { r.receipt.output_file_cid = r.receipt.input_file_cid; }},
        {"signature", [](SignedReceipt& r) { r.signature.recovery_id ^= 1; }},
    };
    for (const auto& [what, change] : changes) {
        INFO(what);
        auto changed = document();
        change(changed);
        CHECK(verify_receipt(changed).error().code == "invalid_signature");
    }
}

TEST_CASE("a malformed document is refused with the pointer of the wrong field") {
    const auto good = to_json(document());
    const auto error_with = [&](const std::string& what, const std::string& with) {
        auto text = good;
        const auto found = text.find(what);
        REQUIRE(found != std::string::npos);
        const auto parsed = parse_signed_receipt(text.replace(found, what.size(), with));
        return parsed ? "" : parsed.error().where;
    };
    CHECK(error_with("\"name\":\"Lamda\"", "\"name\":\"Other\"") == "/domain/name");
    CHECK(error_with("\"chainId\":97", "\"chainId\":0") == "/domain/chainId");
    CHECK(error_with("\"chainId\":97", "\"chainId\":97.5") == "/domain/chainId");
    CHECK(error_with("\"attempt\":1", "\"attempt\":0") == "/receipt/attempt");
    CHECK(error_with("0x90F79bf6", "0x90f79Bf6") == "/provider");
    CHECK(error_with("\"signature\":\"0x", "\"signature\":\"0x00") == "/signature");
    CHECK(parse_signed_receipt(std::string((16U << 10) + 1, ' ')).error().code == "too_large");
    CHECK(parse_signed_receipt("[]").error().code == "invalid_type");
}
