#include "services/reputation/ledger/increment.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::reputation;

namespace {
const Address kContract = *Address::parse("0x108f2c400C9828d8044a5F6985f0C9589B90758D");
const Address kProvider = *Address::parse("0x90f79bf6eb2c4f870365e785982e1f101e93b906");
const JobId kJob = *JobId::parse("0xfa5b88c98e54fb557c7a560a1913d5b961a60a1a9453b3d8d4f31c083b5fc220");
}  // namespace

TEST_CASE("the calldata of an increment is the call, then the job id") {
    CHECK(to_hex(increment_calldata(kProvider, kJob)) ==
          "0x7ebcd72700000000000000000000000090f79bf6eb2c4f870365e785982e1f101e93b906"
          "fa5b88c98e54fb557c7a560a1913d5b961a60a1a9453b3d8d4f31c083b5fc220");
}

TEST_CASE("the job is read from increments of this form to this contract only") {
    eth::TransactionInfo tx;
    tx.to = kContract;
    tx.input = increment_calldata(kProvider, kJob);
    CHECK(job_of(tx, kContract) == kJob);
    auto other = tx;
    other.to = kProvider;
    CHECK_FALSE(job_of(other, kContract));
    other.to.reset();
    CHECK_FALSE(job_of(other, kContract));
    other = tx;
    other.input.resize(36);  // an earlier system's increment
    CHECK_FALSE(job_of(other, kContract));
    other = tx;
    other.input.push_back(0);
    CHECK_FALSE(job_of(other, kContract));
    other = tx;
    other.input[0] ^= 1;
    CHECK_FALSE(job_of(other, kContract));
}

TEST_CASE("an intent's key names its job") {
    CHECK(intent_key(kJob) == "increment:" + kJob.hex());
    CHECK(*job_of_key(intent_key(kJob)) == kJob);
    CHECK(job_of_key("increment:0x12").error().code == "invalid_intent_key");
    CHECK(job_of_key(kJob.hex()).error().code == "invalid_intent_key");
}
