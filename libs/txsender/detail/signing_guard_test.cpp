// SigningGuard against foreign queue rows: nothing of them is signed or sent.
#include <catch2/catch.hpp>

#include "txsender/testing/sender_world.hpp"

using namespace lamda;
using namespace lamda::txsender;
using namespace lamda::txsender::testing;

namespace {

const Address kThief = *Address::parse("0x00000000000000000000000000000000000000bb");

bool shows(const World& world, const std::string& line) {
    return world.metrics.serialize().find(line + "\n") != std::string::npos;
}

/// A row that the policy does not allow.
Intent foreign(const std::string& key) {
    return {key, kThief, U256("100000000000000000000"), {0xf2, 0xfd, 0xe3, 0x8b}, OnRevert::kRetry};
}

StoredTx stored(const eth::SignedTransaction& done) {
    return {done.hash, done.raw, done.tx.fee, {}, false};
}

/// A transfer to the thief at that nonce.
eth::Transaction theft(std::uint64_t nonce) {
    eth::Transaction tx;
    tx.chain_id = ChainId{97};
    tx.nonce = nonce;
    tx.fee = {false, 100'000, 100};
    tx.gas_limit = 100'000;
    tx.to = kThief;
    tx.value = 7;
    return tx;
}

std::size_t stolen(const World& world) {
    std::size_t out = 0;
    for (const auto& block : world.chain.branch()) {
        out += static_cast<std::size_t>(std::count_if(block->txs.begin(), block->txs.end(),
                                                      [](const auto& tx) { return tx.to == kThief; }));
    }
    return out;
}

}  // namespace

TEST_CASE("an intent that the policy refuses gets no nonce and raises an alert; another intent is sent") {
    World world(41);
    world.tx_queue.add(foreign("increment:0xtheft"));
    world.want(1);
    world.sender->step();
    const auto& theft = world.tx_queue.at("increment:0xtheft");
    CHECK(theft.state == IntentState::kParked);
    CHECK(theft.reason == "refused to sign: the policy does not know the key");
    CHECK_FALSE(theft.nonce);
    CHECK(world.entry(1).nonce == 0U);
    CHECK(shows(world, "lamda_sender_violations{sender=\"test\"} 1"));
    CHECK(world.health.ready());
    for (int i = 0; i < 40; ++i) {
        world.mine();
        world.sender->step();
    }
    CHECK(world.entry(1).state == IntentState::kDone);
    CHECK(stolen(world) == 0);
    std::erase_if(world.tx_queue.state.entries,
                  [](const TxQueueEntry& entry) { return entry.intent.key == "increment:0xtheft"; });
    world.sender->step();
    CHECK(shows(world, "lamda_sender_violations{sender=\"test\"} 0"));
}

TEST_CASE("a row whose call is not the call of its key: the key's call is sent") {
    World world(42);
    world.tx_queue.add(foreign("increment:3"));
    world.sender->step();
    CHECK(shows(world, "lamda_sender_violations{sender=\"test\"} 1"));
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(3)) == 1);
    CHECK(stolen(world) == 0);
    // A change in flight is replaced by the same call.
    world.want(4);
    world.sender->step();
    auto& entry = world.entry(4);
    REQUIRE(entry.state == IntentState::kSent);
    entry.intent = foreign("increment:4");
    entry.gas_limit = std::uint64_t{1} << 62;
    world.tx_queue.state.operator_request("increment:4", OperatorRequest::kBump, world.clock.now());
    world.sender->step();
    REQUIRE(entry.txs.size() == 2);
    CHECK(eth::decode_signed(entry.txs.back().raw)->tx.to == kContract);
    CHECK(eth::decode_signed(entry.txs.back().raw)->tx.gas_limit == world.config.most_gas);
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(4)) == 1);
    CHECK(stolen(world) == 0);
}

TEST_CASE("a foreign row that holds a nonce releases it unsigned, and other intents are sent") {
    for (const auto state :
         {IntentState::kAllocated, IntentState::kSent, IntentState::kMined, IntentState::kDone,
          IntentState::kFailed, IntentState::kPending, IntentState::kParked}) {
        for (const std::uint64_t nonce : {0U, 1U, 3U, 900U}) {
            INFO(to_string(state) << " at " << nonce);
            World world(43);
            world.tx_queue.add(foreign("theft:1"));
            auto& row = world.tx_queue.at("theft:1");
            row.state = state;
            row.nonce = nonce;
            row.gas_limit = 100'000;
            if (state == IntentState::kMined || state == IntentState::kDone) {
                row.mined_in = BlockRef{BlockNum{0}, world.chain.at(0).hash};
                row.mined_tx = TxHash{};
            }
            world.mine(20);
            for (std::size_t n = 0; n < 6; ++n) {
                world.want(n);
            }
            for (int i = 0; i < 200; ++i) {
                world.sender->step();
                world.mine();
            }
            for (std::size_t n = 0; n < 6; ++n) {
                CHECK(world.entry(n).state == IntentState::kDone);
                CHECK(world.chain.executed(world.data(n)) == 1);
            }
            CHECK(stolen(world) == 0);
            CHECK(world.tx_queue.at("theft:1").txs.empty());
        }
    }
}

TEST_CASE("stored bytes that are not this wallet's, or have another effect, are never sent") {
    World world(44);
    const auto stranger = *crypto::LocalSigner::from_hex(std::string(63, '0') + "2");
    auto other_chain = theft(0);
    other_chain.chain_id = ChainId{56};
    auto lying_hash = stored(eth::sign(theft(0), *world.signer));
    lying_hash.hash = TxHash{};
    const std::vector<StoredTx> forms{
        stored(eth::sign(theft(0), *stranger)),      // another key
        stored(eth::sign(theft(5), *world.signer)),  // another nonce
        stored(eth::sign(other_chain, *world.signer)),
        lying_hash,
        {TxHash{}, {0xc0}, {false, 1, 1}, {}, false},
        stored(eth::sign(theft(0), *world.signer)),  // ours, from a release without a signing policy
    };
    for (std::size_t i = 0; i < forms.size(); ++i) {
        for (const auto state : {IntentState::kAllocated, IntentState::kSent}) {
            INFO("form " << i << ", " << to_string(state));
            World one(45);
            one.want(0);
            auto& entry = one.entry(0);
            entry.state = state;
            entry.nonce = 0;
            entry.gas_limit = 60'000;
            entry.txs = {forms[i]};
            one.tx_queue.state.next_nonce = 1;
            for (int n = 0; n < 60; ++n) {
                one.clock.advance(Millis(4'000));
                one.sender->step();
                one.mine();
            }
            CHECK(one.entry(0).state == IntentState::kDone);
            CHECK(one.chain.executed(one.data(0)) == 1);
            CHECK(stolen(one) == 0);
        }
    }
}

TEST_CASE("bytes that an earlier release signed for a refused key are replaced by an empty transfer") {
    World world(46);
    world.tx_queue.add(foreign("theft:1"));
    auto& row = world.tx_queue.at("theft:1");
    row.state = IntentState::kAllocated;
    row.nonce = 0;
    row.gas_limit = 100'000;
    row.txs = {stored(eth::sign(theft(0), *world.signer))};
    world.tx_queue.state.next_nonce = 1;
    world.want(0);
    REQUIRE(world.settle());
    CHECK(stolen(world) == 0);
    CHECK(world.tx_queue.at("theft:1").state == IntentState::kFailed);
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("a filler is an empty transfer to the wallet itself, at the nonce of its key, below a sent nonce") {
    struct Case {
        std::uint64_t key;
        std::uint64_t nonce;
        bool is_signed;
    };
    for (const auto& [key, nonce, is_signed] : {Case{1, 1, true}, Case{1, 0, false}, Case{9, 9, false}}) {
        World world(47);
        world.want(0);
        world.sender->step();
        auto& duty = world.entry(0);  // sent at a nonce above the gap
        duty.txs = {stored(eth::sign(
            {ChainId{97}, 4, {false, 100'000, 100}, 60'000, kContract, 0, world.data(0)}, *world.signer))};
        duty.nonce = 4;
        world.tx_queue.add(foreign(fill_key(key)));
        auto& row = world.tx_queue.at(fill_key(key));
        row.state = IntentState::kAllocated;
        row.nonce = nonce;
        row.gas_limit = std::uint64_t{1} << 40;
        world.tx_queue.state.next_nonce = 10;
        world.sender->step();
        REQUIRE(row.txs.size() == (is_signed ? 1 : 0));
        if (is_signed) {
            const auto tx = eth::decode_signed(row.txs.front().raw)->tx;
            CHECK(tx.to == world.signer->address());
            CHECK(tx.value == 0);
            CHECK(tx.data.empty());
            CHECK(tx.gas_limit == 21'000);
        }
    }
}

TEST_CASE("an estimate above the gas limit of a transaction parks the intent") {
    World world(48);
    world.want(0);
    world.chain.gas_of = [](const Bytes&) { return 40'000'000U; };
    world.sender->step();
    CHECK(world.entry(0).state == IntentState::kParked);
    CHECK(world.entry(0).reason.find("more than the 5000000") != std::string::npos);
}
