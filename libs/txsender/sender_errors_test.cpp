// Errors of a node under HTTP 200: they park no intent, stop no other intent, and show in readiness.
#include <catch2/catch.hpp>

#include "txsender/testing/sender_world.hpp"

using namespace lamda;
using namespace lamda::txsender;
using namespace lamda::txsender::testing;

namespace {

using OwnError = std::pair<std::int64_t, std::string>;

const std::vector<OwnError> kOwnErrors{
    {-32005, "limit exceeded"},
    {-32000, "missing trie node 5a1f (path ) state 0x5a1f is not available"},
    {-32000, "header not found"},
    {-32000, "transaction indexing is in progress"},
    {-32601, "the method does not exist/is not available"},
    {-32603, "Internal error"},
    {0, "an error without a message"}};

/// Makes the node answer these methods with its error.
void answer_with_error(World& world, const std::vector<std::string>& methods, const OwnError& own_error) {
    world.chain.faults.own_error = [=](const std::string& method) -> std::optional<eth::RpcError> {
        if (std::find(methods.begin(), methods.end(), method) == methods.end()) {
            return std::nullopt;
        }
        return eth::RpcError(own_error.first, own_error.second, {});
    };
}

std::string readiness(World& world) {
    return world.health.checks().begin()->second.detail;
}

/// Requires that readiness shows the node's error.
void require_shown(World& world, const OwnError& own_error) {
    REQUIRE_FALSE(world.health.ready());
    CHECK(readiness(world).find(own_error.second) != std::string::npos);
}

void pass(World& world, int times) {
    for (int i = 0; i < times; ++i) {
        world.mine();
        world.sender->step();
    }
}

}  // namespace

TEST_CASE("a node that cannot estimate parks nothing, shows in readiness, and causes no delay afterwards") {
    for (const auto& own_error : kOwnErrors) {
        INFO(own_error.second);
        World world(51);
        answer_with_error(world, {"eth_estimateGas", "eth_call"}, own_error);
        world.want(0);
        for (int i = 0; i < 50; ++i) {
            pass(world, 1);
            REQUIRE(world.entry(0).state == IntentState::kPending);
            require_shown(world, own_error);
        }
        world.chain.faults.own_error = {};
        world.clock.advance(Millis(2'000));
        world.sender->step();
        CHECK(world.entry(0).nonce == 0U);
        CHECK(world.health.ready());
        REQUIRE(world.settle());
        CHECK(world.chain.executed(world.data(0)) == 1);
    }
}

TEST_CASE("a call that fails under a known limit is estimated, and parks nothing when no node can") {
    World world(52);
    world.want(0);
    REQUIRE(world.settle());  // the limit of this shape is known now
    answer_with_error(world, {"eth_call", "eth_estimateGas"}, kOwnErrors.front());
    world.want(1);
    pass(world, 3);
    CHECK(world.entry(1).state == IntentState::kPending);
    require_shown(world, kOwnErrors.front());
    answer_with_error(world, {"eth_call"}, kOwnErrors.front());
    world.clock.advance(Millis(2'000));
    world.sender->step();
    CHECK(world.entry(1).nonce == 1U);
    CHECK(world.health.ready());
}

TEST_CASE("a revert is the chain's answer: with code 3, or with revert data under any code") {
    for (const auto& error : {eth::RpcError(3, "execution reverted", {}),
                              eth::RpcError(-32015, "VM execution error.", Bytes{0x08, 0xc3, 0x79, 0xa0})}) {
        World world(53);
        world.chain.faults.own_error = [&](const std::string& method) {
            return method == "eth_estimateGas" ? std::optional(error) : std::nullopt;
        };
        world.want(0);
        world.sender->step();
        CHECK(world.entry(0).state == IntentState::kParked);
        CHECK(world.entry(0).reason.starts_with("would revert"));
    }
}

TEST_CASE("a precheck that no node answers parks nothing") {
    World world(54);
    bool answers = false;
    world.precheck = [&](const std::vector<Intent>& intents) {
        return std::vector(intents.size(), answers ? std::nullopt
                                                   : std::optional(Objection{"limit exceeded",
                                                                             Objection::Kind::kUnanswered}));
    };
    world.restart();
    world.want(0);
    pass(world, 20);
    CHECK(world.entry(0).state == IntentState::kPending);
    require_shown(world, {0, "limit exceeded"});
    answers = true;
    REQUIRE(world.settle());
    CHECK(world.health.ready());
}

TEST_CASE("intents that no node can check do not delay others") {
    World world(55);
    world.config.max_unmined = 4;
    world.precheck = [&](const std::vector<Intent>& intents) {
        std::vector<std::optional<Objection>> out;
        for (const auto& intent : intents) {
            const bool odd = intent.data.back() < 10;
            out.push_back(odd ? std::optional(Objection{"out of gas", Objection::Kind::kUnanswered})
                              : std::nullopt);
        }
        return out;
    };
    world.restart();
    for (std::size_t n = 0; n < 14; ++n) {
        world.want(n);
    }
    for (int i = 0; i < 100 && world.entry(13).state != IntentState::kDone; ++i) {
        pass(world, 1);
    }
    for (std::size_t n = 10; n < 14; ++n) {
        CHECK(world.entry(n).state == IntentState::kDone);
    }
    CHECK(world.entry(0).state == IntentState::kPending);
    require_shown(world, {0, "out of gas"});
}

TEST_CASE("while a node indexes, readiness shows it, intents are sent, and finality completes them") {
    for (const auto& own_error : kOwnErrors) {
        INFO(own_error.second);
        World world(56);
        answer_with_error(world, {"eth_getTransactionReceipt", "eth_getTransactionByHash"}, own_error);
        world.want(0);
        pass(world, 2);
        require_shown(world, own_error);
        world.want(1);
        pass(world, 2);
        CHECK(world.entry(1).nonce == 1U);  // it was sent nevertheless
        for (int i = 0; i < 60 && !world.tx_queue.all_settled(); ++i) {
            pass(world, 1);
        }
        // The receipts of the finalized block show what the index lacks.
        CHECK(world.entry(0).state == IntentState::kDone);
        CHECK(world.entry(1).state == IntentState::kDone);
        pass(world, 1);
        CHECK(world.health.ready());
    }
}

TEST_CASE("an unreadable receipt stops no other intent, and readiness names the transaction") {
    World world(57);
    world.chain.faults.no_receipts = true;  // receipts by block would answer too
    for (std::size_t n = 0; n < 3; ++n) {
        world.want(n);
    }
    world.sender->step();
    const auto odd = world.entry(1).txs.front().hash;
    world.chain.faults.unreadable = {odd};
    for (int i = 0; i < 40; ++i) {
        pass(world, 1);
    }
    CHECK(world.entry(0).state == IntentState::kDone);
    CHECK(world.entry(2).state == IntentState::kDone);
    CHECK(world.entry(1).state == IntentState::kSent);
    require_shown(world, {0, odd.hex()});
    world.want(3);
    for (int i = 0; i < 40 && world.entry(3).state != IntentState::kDone; ++i) {
        pass(world, 1);
    }
    CHECK(world.entry(3).state == IntentState::kDone);
    world.chain.faults.unreadable.clear();
    REQUIRE(world.settle());
    CHECK(world.health.ready());
}

TEST_CASE("while a node refuses to broadcast, readiness shows it with the transaction hash") {
    for (const auto& own_error : kOwnErrors) {
        INFO(own_error.second);
        World world(58);
        answer_with_error(world, {"eth_sendRawTransaction"}, own_error);
        world.want(0);
        for (int i = 0; i < 30; ++i) {
            world.clock.advance(Millis(250));
            world.sender->step();
            require_shown(world, own_error);
            CHECK(readiness(world).find(world.entry(0).txs.back().hash.hex()) != std::string::npos);
        }
        world.chain.faults.own_error = {};
        REQUIRE(world.settle());
        CHECK(world.health.ready());
        CHECK(world.chain.executed(world.data(0)) == 1);
    }
}

TEST_CASE("if a receipt has no price, the signed price counts") {
    World world(59);
    world.chain.faults.no_price = true;
    world.want(0);
    world.sender->step();
    const auto fee = world.entry(0).txs.front().fee;
    for (int i = 0; i < 40 && !world.tx_queue.all_settled(); ++i) {
        pass(world, 1);
    }
    REQUIRE(world.entry(0).state == IntentState::kDone);
    CHECK(world.tx_queue.paid["increment:0"] == fee.max_fee * 50'000);

    world.chain.faults.no_price = false;
    world.want(1);
    REQUIRE(world.settle());
    CHECK(world.tx_queue.paid["increment:1"] == U256(world.chain.base_fee + 100) * 50'000);
}
