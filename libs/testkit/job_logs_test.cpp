#include "testkit/job_logs.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "contracts/job_manager.hpp"
#include "eth/rpc_client.hpp"

using namespace lamda;
using namespace lamda::testkit;
namespace jm = lamda::contracts::job_manager;

TEST_CASE("thousands of jobs: JobManager's three events, in the requested number of blocks") {
    constexpr std::uint64_t kGenesis = 1'700'000'000;
    const TempDir dir("job_logs");
    Anvil node(dir.path(), AnvilConfig{ChainId{31337}, 0, 1, kGenesis});
    JobLogs made(node);
    const auto before = head_of(node);
    made.emit(JobLogKind::kCreated, 0, 25, 10);
    CHECK(head_of(node) == before + 3);
    made.emit(JobLogKind::kConfirmed, 0, 10'000, 10'000);
    made.emit(JobLogKind::kClaimed, 20, 5, 5);
    CHECK(head_of(node) == before + 5);

    eth::HttpRpc rpc(node.url(), Millis(30'000));
    eth::LogFilter filter;
    filter.addresses = {Address::parse(made.address()).value()};
    filter.topic0 = jm::all_topics();
    std::map<BlockNum, std::size_t> per_block;
    std::map<Bytes32, Address> provider_of;
    std::set<Address> renters;
    std::size_t confirmed = 0;
    std::size_t claimed = 0;
    for (const auto& log : rpc.logs(BlockNum{0}, head_of(node), filter)) {
        ++per_block[log.block_num];
        const auto event = jm::decode_event(log);
        REQUIRE(event.ok());
        if (const auto* created = std::get_if<jm::JobCreated>(&*event)) {
            provider_of[created->job_id] = created->provider;
            renters.insert(created->renter);
        } else if (const auto* claim = std::get_if<jm::PaymentClaimed>(&*event)) {
            ++claimed;
            CHECK(provider_of.at(claim->job_id) == claim->provider);
        } else {
            ++confirmed;
        }
    }
    CHECK(provider_of.size() == 25);
    CHECK(renters.size() == 25);
    CHECK(confirmed == 10'000);
    CHECK(claimed == 5);
    CHECK(per_block[before + 1] == 10);
    CHECK(per_block[before + 3] == 5);
    const auto header = rpc.header(eth::BlockSpec(before + 3));
    REQUIRE(header.has_value());
    CHECK(header->timestamp < kGenesis + 3'600);
}
