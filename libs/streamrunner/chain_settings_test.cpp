#include "streamrunner/chain_settings.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace lamda;
using namespace lamda::streamrunner;

namespace {

const std::map<std::string, std::string> kGood{
    {"BSC_RPC_URL", "http://one:1,http://two:2"},
    {"JOB_MANAGER_CONTRACT_ADDRESS", "0x1000000000000000000000000000000000000001"},
    {"OPBNB_RPC_URL", "http://three:3"},
    {"NODE_REPUTATION_CONTRACT_ADDRESS", "0x2000000000000000000000000000000000000002"}};

runtime::Settings settings_of(std::map<std::string, std::string> values) {
    return runtime::Settings([values = std::move(values)](const std::string& name) {
        const auto found = values.find(name);
        return found == values.end() ? std::nullopt : std::optional(found->second);
    });
}

}  // namespace

TEST_CASE("chain settings: defaults of both chains") {
    auto settings = settings_of(kGood);
    const auto bsc = read_bsc(settings);
    const auto opbnb = read_opbnb(settings);
    const auto reading = read_reading(settings, {&bsc, &opbnb});
    CHECK(settings.mistakes().empty());
    CHECK(bsc.urls == std::vector<std::string>{"http://one:1", "http://two:2"});
    CHECK(bsc.contract == Address::parse(kGood.at("JOB_MANAGER_CONTRACT_ADDRESS")).value());
    CHECK_FALSE(bsc.chain_id);
    CHECK_FALSE(bsc.start_block);
    CHECK(bsc.finality_max_age == Millis(60'000));
    CHECK(opbnb.finality_max_age == Millis(300'000));
    CHECK(opbnb.names.start_block == "NODE_REPUTATION_START_BLOCK");
    CHECK(reading.rpc_timeout == Millis(10'000));
    CHECK(reading.rpc_agreement == 1);
    CHECK(reading.audit_pace == Millis(10'000));
    CHECK_FALSE(reading.verify_receipts);
}

TEST_CASE("chain settings: the agreement is at most the endpoints of each chain that is read") {
    auto values = kGood;
    values["RPC_AGREEMENT"] = "2";
    {
        auto settings = settings_of(values);
        const auto bsc = read_bsc(settings);
        CHECK(rpc_config(bsc, read_reading(settings, {&bsc})).agreement == 2);
        CHECK(settings.mistakes().empty());
    }
    auto settings = settings_of(values);
    const auto bsc = read_bsc(settings);
    const auto opbnb = read_opbnb(settings);
    read_reading(settings, {&bsc, &opbnb});
    REQUIRE(settings.mistakes().size() == 1);
}
