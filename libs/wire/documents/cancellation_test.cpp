#include "wire/documents/cancellation.hpp"

#include <catch2/catch.hpp>

#include "wire/command_proof.hpp"

using namespace lamda;
using namespace lamda::wire;

namespace {

const auto kJob = JobId::parse("0xfa5b88c98e54fb557c7a560a1913d5b961a60a1a9453b3d8d4f31c083b5fc220").value();
const auto kRenter = Address::parse("0x15d34aaf54267db7d7c367839aaf71a00a2c6a65").value();
const auto kDomain =
    market_domain(ChainId{97}, Address::parse("0xd9264b533dd53198c7ae345c6afe8ef054303b53").value());
constexpr std::uint64_t kExpires = 1'795'172'400;
/// By viem's signTypedData, for kJob, kExpires and kDomain, with the key of kRenter.
constexpr auto kSignature =
    "0x66817acc69587d3b3ea99b68e43d42c6ebce93091a00088bacb3d13d3746540c02c97678520ba49cb10ccf501c4f6f6d9bafab"
    "6a"
    "fd80f63586b0e0f9cb3a87151b";
const Timestamp kNow = from_unix_seconds(static_cast<std::int64_t>(kExpires) - 60);

std::unique_ptr<crypto::LocalSigner> renter_key() {
    return crypto::LocalSigner::from_hex("47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a")
        .value();
}
Command::CancelJob by_viem() {
    return {kJob, Command::CancelJob::ByRenter{kExpires, crypto::Signature::from_hex65(kSignature).value()}};
}
/// Code and place of the refusal; empty: accepted.
std::string fault(const Command::CancelJob& cancel, const eth::Eip712Domain& domain = kDomain,
                  Timestamp now = kNow, const Address& renter = kRenter) {
    const auto valid = verify_cancellation(cancel, renter, domain, now);
    return valid ? "" : valid.error().code + " " + valid.error().where;
}

}  // namespace

TEST_CASE("a cancellation that viem signed is the renter's, for this job, chain and contract only") {
    CHECK(fault(by_viem()).empty());
    CHECK(sign_cancellation(kJob, kExpires, kDomain, *renter_key()) == by_viem());

    CHECK(fault(by_viem(), kDomain, kNow, Address{}) == "not_the_renter /signature");
    auto replayed = by_viem();
    replayed.job_id.array()[31] ^= 1;
    CHECK(fault(replayed) == "not_the_renter /signature");
    auto prolonged = by_viem();
    ++prolonged.by_renter->expires_at;
    CHECK(fault(prolonged) == "not_the_renter /signature");
    auto another_chain = kDomain;
    another_chain.chain_id = ChainId{56};
    CHECK(fault(by_viem(), another_chain) == "not_the_renter /signature");
    auto another_contract = kDomain;
    another_contract.verifying_contract.array()[0] ^= 1;
    CHECK(fault(by_viem(), another_contract) == "not_the_renter /signature");
    auto malformed = by_viem();
    malformed.by_renter->signature.r = {};
    CHECK(fault(malformed) == "not_the_renter /signature");
    CHECK(fault({kJob, {}}) == "not_the_renter /signature");
}

TEST_CASE("a cancellation is valid until it expires, and for three days at most") {
    const auto at = [](std::int64_t seconds) {
        return from_unix_seconds(static_cast<std::int64_t>(kExpires) + seconds);
    };
    constexpr std::int64_t kDay = 86'400;
    CHECK(fault(by_viem(), kDomain, at(-1)).empty());
    CHECK(fault(by_viem(), kDomain, at(0)) == "expired /expiresAt");
    CHECK(fault(by_viem(), kDomain, at(kDay)) == "expired /expiresAt");
    CHECK(fault(by_viem(), kDomain, at(-3 * kDay)).empty());
    CHECK(fault(by_viem(), kDomain, at(-3 * kDay - 1)) == "expires_too_late /expiresAt");
    const auto forever = sign_cancellation(kJob, (std::uint64_t{1} << 53) - 1, kDomain, *renter_key());
    CHECK(fault(forever) == "expires_too_late /expiresAt");
}

TEST_CASE("a cancellation round-trips as a command, and half of a signature is none") {
    const Command command{"r", by_viem()};
    CHECK(parse_command(to_json(command)).value() == command);
    CHECK_FALSE(needs_operator(command));
    const Command by_operator = prove_command({"r", Command::CancelJob{kJob, {}}}, "token", kNow);
    CHECK(parse_command(to_json(by_operator)).value() == by_operator);
    CHECK(needs_operator(by_operator));
    CHECK(verify_command(by_operator, "token", kNow));

    // A proof for one kind is not valid for another.
    auto another = by_operator;
    another.what = Command::SetStatus{kJob, "cancelled", ""};
    CHECK(verify_command(another, "token", kNow).error().code == "wrong_proof");

    const std::string start = R"({"v":1,"requestId":"r","kind":"cancel_job","jobId":")" + kJob.hex() + '"';
    const auto place = [&](const std::string& rest) {
        const auto parsed = parse_command(start + rest);
        return parsed ? "" : parsed.error().where;
    };
    CHECK(place("}").empty());
    CHECK(place(R"(,"expiresAt":1})") == "/signature");
    CHECK(place(R"(,"signature":")" + std::string(kSignature) + "\"}") == "/expiresAt");
    CHECK(place(R"(,"expiresAt":0,"signature":")" + std::string(kSignature) + "\"}") == "/expiresAt");
    CHECK(place(R"(,"expiresAt":1.5,"signature":")" + std::string(kSignature) + "\"}") == "/expiresAt");
    CHECK(place(R"(,"expiresAt":1,"signature":"0x12"})") == "/signature");
}

TEST_CASE("the answer to a cancellation says what becomes of the payment") {
    CHECK(escrow_of(ChainState::kCreated) == Escrow::kHeld);
    CHECK(escrow_of(ChainState::kAbsent) == Escrow::kNotOnChain);
    CHECK(to_string(Escrow::kHeld) == "held_no_refund");
    CHECK(to_string(Escrow::kNotOnChain) == "not_on_chain");
    CHECK(describe(Escrow::kHeld) != describe(Escrow::kNotOnChain));
}
