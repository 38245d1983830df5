// Topics and selectors of the deployed contracts (BSC and opBNB testnets).
#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <random>

#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"
#include "crypto/digest.hpp"
#include "eth/codec/abi.hpp"

using namespace lamda;
namespace jm = lamda::contracts::job_manager;
namespace nr = lamda::contracts::node_reputation;

namespace {

template <class Function>
std::string selector() {
    return to_hex(Function::kSelector);
}

const Address kContract = Address::parse("0xd9264B533dD53198C7aE345C6aFE8EF054303b53").value();
const Address kSomeone = Address::parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed").value();

Bytes32 job_id(std::uint8_t last) {
    Bytes32 out;
    out.array()[31] = last;
    return out;
}

U256 number(const std::array<std::uint8_t, 32>& bytes) {
    return u256_from_be(bytes).value();
}

Bytes joined(Bytes left, const Bytes& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

}  // namespace

TEST_CASE("contracts: the topics are those of the deployed contracts") {
    CHECK(jm::JobCreated::topic().hex() ==
          "0xd4308b56cdccee295e288de7c02585786d44894362fac012f3053072b5257c6a");
    CHECK(jm::JobConfirmed::topic().hex() ==
          "0x8cc5b2bb3811643c5e58483c7be26e57579a2dae8738acac65d28bfc9ef9342a");
    CHECK(jm::PaymentClaimed::topic().hex() ==
          "0x009aa28285e2f2f93f61312a2c375d49710858b14618190f383029b03c6ec3f4");
    CHECK(nr::NodeRegistered::topic().hex() ==
          "0x6f3c990a2f665f94ed1db0af40275bedd4d3d025f541e2c77112281fbee63600");
    CHECK(nr::NodeHeartbeat::topic().hex() ==
          "0x0f1ef8be219b2bb5e8b630cb970a8ac2b44c0f8a3a3db371d8a653e50af49a11");
    CHECK(nr::JobCountIncremented::topic().hex() ==
          "0xf0b433b19371a783f4bfbaf7c118079db6c086603cd0c6ba2b6478c955b8b963");
    CHECK(nr::OwnershipTransferred::topic() ==
          crypto::keccak256(as_bytes("OwnershipTransferred(address,address)")).as<Topic>());
    CHECK(jm::JobCreated::kSignature == "JobCreated(bytes32,address,address,uint256)");
    CHECK(jm::all_topics().size() == 3);
    CHECK(nr::all_topics().size() == 4);
}

TEST_CASE("contracts: the selectors are those of the deployed contracts") {
    CHECK(selector<jm::CreateJob>() == "0x7706ebc8");
    CHECK(selector<jm::ConfirmResult>() == "0xf30abb59");
    CHECK(selector<jm::ClaimReward>() == "0xf5414023");
    CHECK(selector<jm::GetJobInfo>() == "0x6164626a");
    CHECK(selector<nr::RegisterNode>() == "0xf3ef747f");
    CHECK(selector<nr::SendHeartbeat>() == "0x34f167a9");
    CHECK(selector<nr::IncrementJobs>() == "0x7ebcd727");
    CHECK(selector<nr::GetProviderInfo>() == "0x7583902f");
    CHECK(selector<nr::SuccessfulJobsCount>() == "0x3c097e3e");
    CHECK(selector<nr::IsProviderActive>() == "0x696724cb");
    CHECK(jm::CreateJob::kSignature == "createJob(bytes32,address)");
}

TEST_CASE("contracts: an event as the chain logs it") {
    eth::Log log;
    log.topics = {nr::NodeRegistered::topic(),
                  Topic::parse("0x0000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed").value()};
    // From ethers 6.15.0: AbiCoder.encode(["string", "uint256"], ["NVIDIA RTX 4090", 24576])
    log.data = from_hex(
                   "0000000000000000000000000000000000000000000000000000000000000040"
                   "0000000000000000000000000000000000000000000000000000000000006000"
                   "000000000000000000000000000000000000000000000000000000000000000f"
                   "4e56494449412052545820343039300000000000000000000000000000000000")
                   .value();
    const auto event = nr::decode_event(log).value();
    const auto& registered = std::get<nr::NodeRegistered>(event);
    CHECK(registered == nr::NodeRegistered{kSomeone, "NVIDIA RTX 4090", 24576});
    const eth::Log again = registered.encode(kContract);
    CHECK(again.topics == log.topics);
    CHECK(again.data == log.data);
    CHECK(again.address == kContract);
}

TEST_CASE("contracts: calldata with the job id appended to its arguments decodes like calldata without") {
    const nr::IncrementJobs call{kSomeone};
    const Bytes plain = call.encode();
    CHECK(plain.size() == 36);
    CHECK(nr::IncrementJobs::decode(joined(plain, Bytes(32, 7))).value() == call);
}

TEST_CASE("contracts: a view that returns a struct, and a view that returns a bare value") {
    const nr::GetProviderInfoResult info{{"NVIDIA RTX 4090", 24576, 1'700'000'000, true}, 42};
    // From ethers 6.15.0.
    CHECK(to_hex(info.encode()) ==
          "0x0000000000000000000000000000000000000000000000000000000000000040"
          "000000000000000000000000000000000000000000000000000000000000002a"
          "0000000000000000000000000000000000000000000000000000000000000080"
          "0000000000000000000000000000000000000000000000000000000000006000"
          "000000000000000000000000000000000000000000000000000000006553f100"
          "0000000000000000000000000000000000000000000000000000000000000001"
          "000000000000000000000000000000000000000000000000000000000000000f"
          "4e56494449412052545820343039300000000000000000000000000000000000");
    CHECK(nr::GetProviderInfo::decode_result(info.encode()).value() == info);
    CHECK(nr::SuccessfulJobsCount::decode_result(nr::SuccessfulJobsCountResult{7}.encode()).value().arg0 ==
          7);
    CHECK(nr::SuccessfulJobsCount::decode_result({}).error().code == "invalid_result");
}

TEST_CASE("contracts: decode(encode(x)) = x, for events, calls, results and errors") {
    CHECK(rc::check([](std::array<std::uint8_t, 32> id, std::array<std::uint8_t, 20> one,
                       std::array<std::uint8_t, 20> two, std::array<std::uint8_t, 32> amount,
                       std::uint8_t status, const std::string& text, bool flag) {
        const jm::JobCreated created{Bytes32(id), Address(one), Address(two), number(amount)};
        RC_ASSERT(std::get<jm::JobCreated>(jm::decode_event(created.encode(kContract)).value()) == created);
        const jm::JobConfirmed confirmed{Bytes32(id), number(amount)};
        RC_ASSERT(std::get<jm::JobConfirmed>(jm::decode_event(confirmed.encode(kContract)).value()) ==
                  confirmed);
        const jm::PaymentClaimed claimed{Bytes32(id), Address(one), number(amount)};
        RC_ASSERT(std::get<jm::PaymentClaimed>(jm::decode_event(claimed.encode(kContract)).value()) ==
                  claimed);
        const nr::NodeRegistered registered{Address(one), text, number(amount)};
        RC_ASSERT(nr::NodeRegistered::decode(registered.encode(kContract)).value() == registered);
        const jm::CreateJob create{Bytes32(id), Address(one)};
        RC_ASSERT(jm::CreateJob::decode(create.encode()).value() == create);
        const nr::RegisterNode node{text, number(amount)};
        RC_ASSERT(nr::RegisterNode::decode(node.encode()).value() == node);
        const jm::GetJobInfoResult info{Bytes32(id), Address(one),   Address(two), number(amount),
                                        status,      number(amount), number(id)};
        RC_ASSERT(jm::GetJobInfo::decode_result(info.encode()).value() == info);
        const nr::GetProviderInfoResult provider{{text, number(id), number(amount), flag}, number(amount)};
        RC_ASSERT(nr::GetProviderInfo::decode_result(provider.encode()).value() == provider);
        const jm::NotAuthorized refused{Bytes32(id), Address(one)};
        RC_ASSERT(jm::NotAuthorized::decode(refused.encode()).value() == refused);
    }));
}

TEST_CASE("contracts: a value that does not fit is refused, naming the argument") {
    eth::Log log = jm::JobCreated{job_id(1), kSomeone, kSomeone, 5}.encode(kContract);
    SECTION("another event") {
        CHECK(jm::JobConfirmed::decode(log).error().code == "invalid_event");
        CHECK(nr::decode_event(log).error().code == "unknown_event");
        log.topics.clear();
        CHECK(jm::decode_event(log).error().code == "unknown_event");
        CHECK(jm::JobCreated::decode(log).error().code == "invalid_event");
    }
    SECTION("fewer indexed arguments") {
        log.topics.pop_back();
        CHECK(jm::decode_event(log).error().message == "3 indexed arguments are needed");
    }
    SECTION("an address of more than 20 bytes") {
        log.topics[2].array()[0] = 1;
        CHECK(jm::decode_event(log).error().where == "JobCreated.renter (offset 0)");
    }
    SECTION("data cut off") {
        log.data.pop_back();
        CHECK(jm::decode_event(log).error().where == "JobCreated.payment (offset 0)");
    }
    SECTION("calldata") {
        Bytes call = jm::CreateJob{job_id(1), kSomeone}.encode();
        call.pop_back();
        const Error cut = jm::CreateJob::decode(call).error();
        CHECK(cut.code == "invalid_calldata");
        CHECK(cut.where == "createJob.providerAddress (offset 32)");
        CHECK(jm::ConfirmResult::decode(call).error().code == "invalid_calldata");
        CHECK(jm::CreateJob::decode(Bytes(3)).error().code == "invalid_calldata");
    }
    SECTION("a status above 255") {
        Bytes info = jm::GetJobInfoResult{}.encode();
        info[4 * 32 + 30] = 1;
        CHECK(jm::GetJobInfo::decode_result(info).error().where == "getJobInfo.status (offset 128)");
    }
    SECTION("a struct's member") {
        Bytes info = nr::GetProviderInfoResult{}.encode();
        info[2 * 32 + 3 * 32 + 31] = 2;
        CHECK(nr::GetProviderInfo::decode_result(info).error().where.starts_with("getProviderInfo.info"));
    }
}

TEST_CASE("contracts: random bytes are refused, and never read past their end") {
    std::mt19937_64 random(20261120);
    int refused = 0;
    for (int round = 0; round < 20'000; ++round) {
        eth::Log log = nr::NodeRegistered{kSomeone, "gpu", 5}.encode(kContract);
        log.data.resize(random() % (log.data.size() + 1));
        for (auto& byte : log.data) {
            byte = static_cast<std::uint8_t>(random() % 4 == 0 ? random() : byte);
        }
        if (const auto event = nr::NodeRegistered::decode(log)) {
            REQUIRE(event->gpu_model.size() <= log.data.size());
        } else {
            REQUIRE(event.error().where.size() > 0);
            ++refused;
        }
        (void)nr::GetProviderInfo::decode_result(log.data);
        (void)jm::describe_revert(log.data);
    }
    CHECK(refused > 10'000);
}

TEST_CASE("contracts: revert data is described in words") {
    CHECK(nr::describe_revert(nr::OwnableUnauthorizedAccount{kSomeone}.encode()) ==
          "OwnableUnauthorizedAccount(account: 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed)");
    CHECK(jm::describe_revert(jm::ReentrancyGuardReentrantCall{}.encode()) ==
          "ReentrancyGuardReentrantCall()");
    CHECK(jm::describe_revert(jm::NotAuthorized{job_id(9), kSomeone}.encode()) ==
          "NotAuthorized(jobId: " + job_id(9).hex() + ", caller: " + kSomeone.hex() + ")");
    CHECK(nr::describe_revert(nr::GpuModelTooLong{300}.encode()) == "GpuModelTooLong(length: 300)");
    // The example of the Solidity documentation ("revert"): Error("Not enough Ether provided.")
    CHECK(jm::describe_revert(from_hex("0x08c379a0"
                                       "0000000000000000000000000000000000000000000000000000000000000020"
                                       "000000000000000000000000000000000000000000000000000000000000001a"
                                       "4e6f7420656e6f7567682045746865722070726f76696465642e000000000000")
                                  .value()) == "Not enough Ether provided.");
    const auto panic = [](std::uint64_t code) {
        return jm::describe_revert(
            joined({0x4e, 0x48, 0x7b, 0x71}, eth::abi::Encoder().uint(U256(code)).finish()));
    };
    CHECK(panic(0x11) == "panic 0x11: arithmetic overflow");
    CHECK(panic(0x99) == "panic 0x99");
    CHECK(panic(0x10011) == "panic 0x10011");
    CHECK(jm::describe_revert({}) == "reverted without a reason");
    CHECK(jm::describe_revert(Bytes{1, 2}) == "0x0102");
    CHECK(jm::describe_revert(Bytes{0x08, 0xc3, 0x79, 0xa0, 1}) == "0x08c379a001");
    CHECK(nr::describe_revert(jm::JobNotFound{job_id(1)}.encode()).starts_with("0x"));
    const Bytes hostile =
        joined({0x08, 0xc3, 0x79, 0xa0}, eth::abi::Encoder().string("a\n\x1b[31m\xff").finish());
    CHECK(jm::describe_revert(hostile) == "a??[31m?");
    const Bytes endless =
        joined({0x08, 0xc3, 0x79, 0xa0}, eth::abi::Encoder().string(std::string(5'000, 'x')).finish());
    CHECK(jm::describe_revert(endless).size() == 1'000);
}

TEST_CASE("contracts: the creation code is embedded") {
    CHECK(to_hex(BytesView(jm::bytecode()).first(4)) == "0x60806040");
    CHECK(nr::bytecode().size() > 1'000);
    CHECK(jm::bytecode() != nr::bytecode());
}
