// Compares header hashes with those of a real node, under the rules of each fork.
#include <catch2/catch.hpp>

#include "eth/rpc_client.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::eth;

TEST_CASE("Header hash: the fields of a real node's headers give their hashes, for each fork") {
    for (const std::string fork : {"london", "shanghai", "cancun", "prague"}) {
        INFO(fork);
        testkit::TempDir dir{"headers-" + fork};
        testkit::AnvilConfig config;
        config.hardfork = fork;
        testkit::Anvil anvil{dir.path(), config};
        HttpRpc rpc{anvil.url(), Millis(30'000)};
        const std::string account = anvil.call("eth_accounts", "[]").substr(2, 42);
        anvil.call("eth_sendTransaction", R"([{"from":")" + account + R"(","to":")" + account + R"("}])");
        anvil.call("evm_mine", "[]");
        const auto head = rpc.header(Tag::kLatest).value();
        REQUIRE(head.number >= BlockNum{2});
        // Without the genesis: at London anvil gives it blob fields, which no real header has without a
        // withdrawals root.
        for (BlockNum block{1}; block <= head.number; block = block.next()) {
            INFO("block " << block.value);
            CHECK(rpc.proven_header(block)->hash == rpc.header(block)->hash);
        }
        CHECK_FALSE(rpc.proven_header(head.number.next()));
    }
}
