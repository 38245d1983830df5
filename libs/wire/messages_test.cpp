#include "wire/messages.hpp"
#include "wire/provider_notice.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>

#include "testkit/process.hpp"
#include "wire/command_proof.hpp"
#include "wire/documents/receipt.hpp"

using namespace lamda;
using namespace lamda::wire;

namespace {

const auto kProvider = Address::parse("0x90f79bf6eb2c4f870365e785982e1f101e93b906").value();
const auto kJob = JobId::parse("0xfa5b88c98e54fb557c7a560a1913d5b961a60a1a9453b3d8d4f31c083b5fc220").value();
const auto kBlockHash =
    BlockHash::parse("0xb1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1").value();
const std::string kInput = "bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pku";
const std::string kOutput = "bafybeibq34xkahn6evm23l6un2fkh3hw56sfac3iklpq5nzhudwd3cftpe";
const auto kDomain =
    market_domain(ChainId{97}, Address::parse("0xd9264b533dd53198c7ae345c6afe8ef054303b53").value());

Timestamp at(const char* text) {
    return parse_rfc3339(text).value();
}

std::unique_ptr<crypto::LocalSigner> provider_key() {
    // Key of the samples' provider: a public test key.
    return crypto::LocalSigner::from_hex("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6")
        .value();
}

std::string sample(const std::string& name) {
    const std::string path = testkit::source_dir() + "/proto/messages/" + name + ".v1.sample.json";
    std::ifstream in(path);
    INFO(path);
    REQUIRE(in);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The sample parses to the value, and the value serializes to the sample.
template <class Message, class Parse>
void same_as_sample(const Message& message, const std::string& name, Parse parse) {
    INFO(name);
    CHECK(to_json(message) == canonicalize_json(sample(name)).value());
    const auto parsed = parse(sample(name));
    REQUIRE(parsed);
    CHECK(*parsed == message);
}

Assignment an_assignment() {
    Assignment out;
    out.job_id = kJob;
    out.provider = kProvider;
    out.docker_image = "lamda/busybox:1.35";
    out.input_file_cid = kInput;
    out.command = {"sh", "-c", "wc -c < /input > /output/result"};
    out.env = {{"LANG", "C"}};
    out.requirements = {.cpu_millis = 1000,
                        .memory_mib = 64,
                        .disk_mib = 64,
                        .gpu_count = 0,
                        .network = false,
                        .time_limit_seconds = 60,
                        .read_only_root = true};
    out.chain_id = ChainId{97};
    out.job_manager = Address::parse("0x1000000000000000000000000000000000000001").value();
    out.renter = Address::parse("0x15d34aaf54267db7d7c367839aaf71a00a2c6a65").value();
    out.payment = U256("10000000000000000");
    out.block_number = BlockNum{48123456};
    out.block_hash = kBlockHash;
    return out;
}

JobStatus a_status() {
    JobStatus out;
    out.job_id = kJob;
    out.seq = 3;
    out.provider = kProvider;
    out.status = StatusKind::kCompleted;
    out.at = at("2026-11-20T10:00:02.345Z");
    out.output_file_cid = kOutput;
    out.exit_code = 0;
    Receipt receipt;
    receipt.job_id = kJob;
    receipt.attempt = 1;
    receipt.image_digest = "sha256:d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1";
    receipt.input_file_cid = kInput;
    receipt.output_file_cid = kOutput;
    receipt.started_at = "2026-11-20T10:00:01.100Z";
    receipt.ended_at = "2026-11-20T10:00:02.300Z";
    out.receipt = receipt;
    return out;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const auto found = text.find(what);
    INFO("nothing to replace: " << what);
    REQUIRE(found != std::string::npos);
    return text.replace(found, what.size(), with);
}

}  // namespace

TEST_CASE("the golden samples round-trip through the types") {
    same_as_sample(an_assignment(), "assignment", parse_assignment);
    same_as_sample(
        Retraction{kJob, 2, RetractReason::kOrphaned, kDomain.chain_id, kDomain.verifying_contract},
        "retraction", parse_retraction);
    same_as_sample(StatusApplied{kJob, 1, 3}, "status_applied", parse_status_applied);
    auto status = sign_status(a_status(), kDomain, *provider_key());
    status.receipt_signature = sign_receipt(*status.receipt, kDomain, *provider_key()).hex65();
    same_as_sample(status, "status", parse_status);
    const auto time = at("2026-11-20T10:00:00.123Z");
    const Heartbeat heartbeat{kProvider, 1'795'168'800'123,  time,        "0.1.0", 2,
                              1,         "3f9a0c5e7b1d4a2f", std::nullopt};
    const auto notice = parse_heartbeat(sample("heartbeat")).value().notice.value().text;
    same_as_sample(
        sign_notice(sign_heartbeat(heartbeat, kDomain, *provider_key()), notice, kDomain, *provider_key()),
        "heartbeat", parse_heartbeat);
    CHECK(to_json(parse_notice(notice).value()) == notice);
    same_as_sample(LogChunk{kJob, 1, 1, "stdout", at("2026-11-20T10:00:01.500Z"), "line 1\nline 2\n"}, "logs",
                   parse_log_chunk);
    Event event;
    event.id = 42;
    event.kind = "job.created";
    event.at = at("2026-11-20T10:00:00.000Z");
    event.chain_id = ChainId{97};
    event.block = BlockRef{BlockNum{48123456}, kBlockHash};
    event.log_index = 3;
    event.data_json =
        R"({"attempt":0,"id":")" + kJob.hex() + R"(","provider_address":")" + kProvider.hex() +
        R"(","provider_draining":false,"renter_address":"0x15d34aaf54267db7d7c367839aaf71a00a2c6a65","status":"created"})";
    same_as_sample(event, "event", parse_event);
    const Command command{"3f9a0c5e7b1d4a2f8e6c0b9d1f3a5c7e",
                          Command::SetStatus{kJob, "cancelled", "asked for by the renter"}};
    same_as_sample(prove_command(command, "devnet-operator", time), "command", parse_command);
    CHECK(job_id_of(parse_job_spec(sample("job_spec")).value()) == kJob);
}

TEST_CASE("messages without optional fields round-trip") {
    const Retraction retraction{kJob, 2, RetractReason::kSuperseded};
    CHECK(parse_retraction(to_json(retraction)).value() == retraction);
    Assignment assignment = an_assignment();
    assignment.input_file_cid.reset();
    assignment.job_manager.reset();
    assignment.renter.reset();
    assignment.payment.reset();
    assignment.command.clear();
    assignment.env.clear();
    CHECK(parse_assignment(to_json(assignment)).value() == assignment);
    JobStatus status;
    status.provider = kProvider;
    CHECK(parse_status(to_json(status)).value() == status);
    Event event;
    event.kind = "node.registered";
    event.data_json = "{}";
    CHECK(parse_event(to_json(event)).value() == event);
    event.data_json = "[]";
    CHECK_THROWS_AS(to_json(event), std::invalid_argument);
    event.data_json = R"({"rate":0.5,"wei":123456789012345678901234567890})";
    CHECK(parse_event(to_json(event)).value() == event);
    const auto signature = provider_key()->sign({}).hex65();
    const Command attach{"id", Command::AttachSpec{kJob, "{\"a\" : 1}", signature}};
    CHECK(parse_command(to_json(attach)).value() == attach);
}

TEST_CASE("a status and a heartbeat signed by another implementation verify") {
    // The samples' signatures were made with ethers' signTypedData.
    CHECK(verify_status(parse_status(sample("status")).value(), kDomain));
    CHECK(verify_heartbeat(parse_heartbeat(sample("heartbeat")).value(), kDomain));
    CHECK(verify_notice(parse_heartbeat(sample("heartbeat")).value(), kDomain));
}

TEST_CASE("a status verifies under the provider's key, chain and contract, and fails after any change") {
    const auto good = sign_status(a_status(), kDomain, *provider_key());
    REQUIRE(verify_status(good, kDomain));
    const std::map<std::string, std::function<void(JobStatus&)>> changes{
        {"job", [](JobStatus& s) { s.job_id = {}; }},
        {"attempt", [](JobStatus& s) { ++s.attempt; }},
        {"seq", [](JobStatus& s) { ++s.seq; }},
        {"provider", [](JobStatus& s) { s.provider = {}; }},
        {"status", [](JobStatus& s) { s.status = StatusKind::kFailed; }},
        {"at", [](JobStatus& s) { s.at += Millis(1); }},
        {"output", [](JobStatus& s) { s.output_file_cid.reset(); }},
        {"exit code", [](JobStatus& s) { s.exit_code.reset(); }},
        {"error code", [](JobStatus& s) { s.error_code = ErrorCode::kOom; }},
        {"error message", [](JobStatus& s) { s.error_message = "x"; }},
        {"no receipt", [](JobStatus& s) { s.receipt.reset(); }},
        {"receipt's job", [](JobStatus& s) { s.receipt->job_id = {}; }},
        {"receipt's attempt", [](JobStatus& s) { ++s.receipt->attempt; }},
        {"receipt's image", [](JobStatus& s) { s.receipt->image_digest += "0"; }},
        {"receipt's input", [](JobStatus& s) { s.receipt->input_file_cid.clear(); }},
        {"receipt's output", [](JobStatus& s) { s.receipt->output_file_cid.clear(); }},
        {"receipt's start", [](JobStatus& s) { s.receipt->started_at.clear(); }},
        {"receipt's end", [](JobStatus& s) { s.receipt->ended_at.clear(); }},
        {"receipt's exit code", [](JobStatus& s) { s.receipt->exit_code = 1; }},
        {"no signature", [](JobStatus& s) { s.signature.reset(); }},
        {"signature", [](JobStatus& s) { s.signature->recovery_id ^= 1; }},
    };
    for (const auto& [what, change] : changes) {
        INFO(what);
        JobStatus changed = good;
        change(changed);
        const auto verified = verify_status(changed, kDomain);
        REQUIRE_FALSE(verified);
        CHECK(verified.error().code == "invalid_signature");
        CHECK(verified.error().where == "/signature");
    }
    CHECK_FALSE(verify_status(good, market_domain(ChainId{56}, kDomain.verifying_contract)));
    CHECK_FALSE(verify_status(good, market_domain(ChainId{97}, kProvider)));
}

TEST_CASE(
    "the longest status that can be signed fits the stream, and a longer text is refused before parsing") {
    JobStatus status = a_status();
    const std::string worst(1'024, '\x01');  // six bytes each in JSON
    status.error_message = worst;
    for (auto* text :
         {&status.receipt->image_digest, &status.receipt->input_file_cid, &status.receipt->output_file_cid,
          &status.receipt->started_at, &status.receipt->ended_at}) {
        *text = worst.substr(0, 256);
    }
    status.receipt_signature = std::string(132, 'f');
    auto text = to_json(sign_status(status, kDomain, *provider_key()));
    CHECK(text.size() <= kMostStatusBytes);
    REQUIRE(parse_status(text));
    text.insert(1, std::string(kMostStatusBytes, ' '));
    CHECK(parse_status(text).error().code == "too_large");
}

TEST_CASE("output of a container cannot invalidate the signature over it") {
    JobStatus status = a_status();
    status.status = StatusKind::kFailed;
    status.error_message = "\xff\xc0 broken \x01 \"" + std::string(1010, 'x') + "\u20ac\u20ac\u20ac\u20ac";
    const auto good = sign_status(status, kDomain, *provider_key());
    CHECK(good.error_message->size() <= 1024);
    const auto back = parse_status(to_json(good));
    REQUIRE(back);
    CHECK(*back == good);
    CHECK(verify_status(*back, kDomain));
}

TEST_CASE("each wrong field of a message is refused with its pointer") {
    using Parse = std::function<std::optional<Error>(const std::string&)>;
    const auto parse = [](auto function) -> Parse {
        return [function](const std::string& text) -> std::optional<Error> {
            const auto result = function(text);
            return result ? std::nullopt : std::optional(result.error());
        };
    };
    struct Case {
        const char* name;
        Parse parse;
        std::vector<std::array<std::string, 3>> breaches;  // original, replacement, pointer
    };
    const std::vector<Case> cases{
        {"assignment",
         parse(parse_assignment),
         {{"\"v\": 1", "\"v\": 2", "/v"},
          {"\"attempt\": 1", "\"attempt\": 0", "/attempt"},
          {"\"attempt\": 1", "\"attempt\": 4294967296", "/attempt"},
          {"\"attempt\": 1", "\"attempt\": 1.5", "/attempt"},
          {"\"attempt\": 1", "\"attempt\": 1, \"attempt\": 2", "/attempt"},
          {"0xfa5b", "0xFA5b", "/jobId"},
          {"0x1000000000000000000000000000000000000001", "0x10", "/jobManager"},
          {"0x15d34a", "0x15D34a", "/renter"},
          {"\"10000000000000000\"", "\"0x10\"", "/payment"},
          {"\"10000000000000000\"", "10000000000000000", "/payment"},
          {"\"jobId\"", "\"job_id\"", "/jobId"},
          {"0x90f7", "0x90F7", "/provider"},
          {"lamda/busybox:1.35", "", "/dockerImage"},
          {"\"memoryMib\": 64", "\"memoryMib\": 1", "/requirements/memoryMib"},
          {"\"LANG\"", "\"LA NG\"", "/env/LA NG"},
          {"\"blockNumber\": 48123456", "\"blockNumber\": -1", "/blockNumber"},
          {"0xb1b1", "0xb1", "/blockHash"}}},
        {"retraction",
         parse(parse_retraction),
         {{"orphaned", "bored", "/reason"},
          {"\"attempt\": 2", "\"attempt\": \"2\"", "/attempt"},
          {"\"chainId\": 97", "\"chainId\": 0", "/chainId"},
          {"\"jobManager\": \"0x", "\"jobManager\": \"0x00", "/jobManager"}}},
        {"status_applied",
         parse(parse_status_applied),
         {{"\"seq\": 3", "\"seq\": 0", "/seq"},
          {"\"attempt\": 1", "\"attempt\": -1", "/attempt"},
          {"0xfa5b", "0xFA5b", "/jobId"}}},
        {"status",
         parse(parse_status),
         {{"\"v\": 1", "\"v\": null", "/v"},
          {"completed", "done", "/status"},
          {"02.345Z", "02Z", "/at"},
          {"02.345Z", "02.345+00:00", "/at"},
          {"\"seq\": 3", "\"seq\": 0", "/seq"},
          {"\"seq\": 3", "\"seq\": 2147483648", "/seq"},
          {"\"attempt\": 1,", "\"attempt\": 1000000001,", "/attempt"},
          {"\"outputFileCID\": \"bafy", "\"outputFileCID\": \"", "/outputFileCID"},
          {"\"exitCode\": 0", "\"exitCode\": 2147483648", "/exitCode"},
          {"\"errorCode\": null", "\"errorCode\": \"bad\"", "/errorCode"},
          {"\"errorMessage\": null", "\"errorMessage\": \"" + std::string(1025, 'x') + "\"", "/errorMessage"},
          {"\"imageDigest\"", "\"image\"", "/receipt/imageDigest"},
          {"\"signature\": \"0x", "\"signature\": \"0x00", "/signature"}}},
        {"heartbeat",
         parse(parse_heartbeat),
         {{"\"capacity\": 2", "\"capacity\": -1", "/capacity"},
          {"\"seq\": 1795168800123", "\"seq\": 0", "/seq"},
          {"\"seq\": 1795168800123", "\"seq\": 9007199254740992", "/seq"},
          {"\"seq\"", "\"number\"", "/seq"},
          {"\"signature\": \"0x", "\"signature\": \"0x00", "/signature"},
          {"\"noticeSignature\"", "\"unsigned\"", "/noticeSignature"},
          {"0.1.0", "", "/agentVersion"},
          {"3f9a0c5e7b1d4a2f", std::string(65, 'a'), "/instance"}}},
        {"logs", parse(parse_log_chunk), {{"stdout", "stdin", "/stream"}, {"\"data\"", "\"text\"", "/data"}}},
        {"event",
         parse(parse_event),
         {{"\"data\": {", "\"data\": [], \"x\": {", "/data"}, {"\"blockHash\"", "\"hash\"", "/blockHash"}}},
        {"command",
         parse(parse_command),
         {{"set_status", "set", "/kind"},
          {"cancelled", "completed", "/status"},
          {"3f9a0c5e7b1d4a2f8e6c0b9d1f3a5c7e", "", "/requestId"},
          {"00.123Z", "00Z", "/at"},
          {"\"proof\": \"0x", "\"proof\": \"0x00", "/proof"}}},
    };
    for (const auto& one : cases) {
        const auto good = sample(one.name);
        REQUIRE_FALSE(one.parse(good));
        for (const auto& [what, with, where] : one.breaches) {
            INFO(one.name << ": " << with << " instead of " << what);
            const auto error = one.parse(replaced(good, what, with));
            REQUIRE(error);
            CHECK(error->where == where);
        }
        CHECK_FALSE(
            one.parse(replaced(good, "\"v\": 1", "\"v\": 1, \"fieldOfALaterVersion\": {\"x\": [1.5]}")));
        CHECK(one.parse("[]")->code == "invalid_type");
        CHECK(one.parse("null")->code == "invalid_type");
        CHECK(one.parse("")->code == "invalid_json");
        CHECK(one.parse(std::string(33, '[') + std::string(33, ']'))->code == "too_deep");
        CHECK(one.parse(std::string((1U << 20) + 1, ' '))->code == "too_large");
    }
}

TEST_CASE("error codes: the transient ones are retried") {
    std::string transient;
    for (const auto* name :
         {"input_unavailable", "input_mismatch", "image_unavailable", "start_failed", "exit_nonzero", "oom",
          "timeout", "output_too_large", "store_failed", "refused", "internal", "retracted"}) {
        const auto code = parse_error_code(name).value();
        CHECK(to_string(code) == name);
        transient += is_transient(code) ? std::string(name) + " " : "";
    }
    CHECK(transient == "input_unavailable image_unavailable start_failed store_failed internal ");
    CHECK(parse_error_code("").error().code == "invalid_value");
}
