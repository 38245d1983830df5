// Tests of transact(): after the broadcast every error names the transaction and its subject.
#include "onchain/transact.hpp"

#include <catch2/catch.hpp>

#include "crypto/digest.hpp"
#include "simulator/scripted_chain.hpp"

using namespace lamda;
using namespace lamda::onchain;

namespace {

struct World {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    simulator::ScriptedChain chain{1, clock};
    std::unique_ptr<crypto::LocalSigner> signer = *crypto::LocalSigner::from_hex(std::string(63, '0') + "1");
    TxRequest request;

    World() {
        request.to = Address{};
        request.subject = "job 0x77";
    }
    void last_error(const std::string& method, int times) {
        chain.faults.own_error = [method, left = std::make_shared<int>(times)](
                                     const std::string& asked) -> std::optional<eth::RpcError> {
            return asked == method && (*left)-- > 0
                       ? std::optional(eth::RpcError(-32005, "limit exceeded", {}))
                       : std::nullopt;
        };
    }
    TxHash send() { return submit(chain, *signer, chain.id, request, 0); }
};

std::string failure_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const NotMined& error) {
        CHECK(std::string(error.what()).find(error.hash().hex()) != std::string::npos);
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("waiting for a transaction retries a node that fails") {
    World world;
    const auto hash = world.send();
    world.chain.mine();
    world.last_error("eth_getTransactionReceipt", 3);
    CHECK(wait_mined(world.chain, world.clock, hash, Millis(60'000)).tx_hash == hash);
    world.chain.faults.unreadable = {hash};
    const auto why = failure_of([&] { wait_mined(world.chain, world.clock, hash, Millis(0), "job 0x77"); });
    CHECK(why.find("job 0x77: transaction " + hash.hex()) == 0);
    CHECK(why.find("cannot be read") != std::string::npos);
}

TEST_CASE("a transaction that is not mined in time is named, with its subject") {
    World world;
    const auto hash = world.send();
    const auto begin = world.clock.steady();
    const auto why =
        failure_of([&] { wait_mined(world.chain, world.clock, hash, Millis(60'000), "job 0x77"); });
    CHECK(why.find("job 0x77: transaction " + hash.hex() + " was sent but is not mined after 60 s") == 0);
    CHECK(world.clock.steady() - begin == Millis(60'000));
}

TEST_CASE("a broadcast without an answer succeeds if the node has the transaction") {
    World world;
    world.chain.faults.lost_answer = 1;
    const auto hash = world.send();
    CHECK(world.chain.transaction(hash));
}

TEST_CASE("a broadcast that no node confirms is named, and not reported as a revert") {
    World world;
    world.last_error("eth_sendRawTransaction", 1);
    const auto why = failure_of([&] { world.send(); });
    CHECK(why.find("job 0x77: transaction 0x") == 0);
    CHECK(why.find("limit exceeded") != std::string::npos);
}

TEST_CASE("a node that cannot estimate is not reported as a revert") {
    World world;
    world.last_error("eth_estimateGas", 1);
    CHECK_THROWS_AS(world.send(), eth::RpcError);
    world.chain.reverts = {Bytes{}};
    CHECK_THROWS_AS(world.send(), Reverted);
}
