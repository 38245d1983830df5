#include "tools/cli/stores/tx_store.hpp"

#include <catch2/catch.hpp>

#include "pgledger/pg_tx_queue.hpp"
#include "store/migrations.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::cli;

namespace {

const Address kWallet = *Address::parse("0x1000000000000000000000000000000000000001");
const Address kOther = *Address::parse("0x2000000000000000000000000000000000000002");
constexpr ChainId kChain{5611};

TxHash hash(std::uint8_t n) {
    TxHash out;
    out.array()[0] = n;
    return out;
}

struct Scene {
    Scene() {
        store::migrate(database);
        intend(kWallet, {"a:1", "a:2", "a:3"});
        intend(kOther, {"a:1"});
    }
    void intend(const Address& wallet, const std::vector<std::string>& keys) {
        std::vector<txsender::Intent> intents;
        for (const auto& key : keys) {
            intents.push_back({key, kOther, 5, Bytes{1, 2}, txsender::OnRevert::kAsk});
        }
        database.transact([&](store::Txn& txn) { pgledger::put_intents(txn, wallet, kChain, intents); });
    }
    std::vector<std::string> keys(const TxFilter& filter) {
        std::vector<std::string> out;
        for (const auto& tx : read_txs(database, filter)) {
            out.push_back(tx.key);
        }
        return out;
    }

    testkit::TempDir dir{"tx_store"};
    testkit::PostgresServer postgres{dir.path()};
    store::Database database{postgres.create_database("lamda"), "test", 2};
    pgledger::PgTxQueue tx_queue{database, kWallet, kChain};
};

}  // namespace

TEST_CASE("a key is accepted as is, or as the id of the job to be counted") {
    const std::string job = "0x" + std::string(62, '0') + "aB";
    CHECK(tx_key(job).value() == "increment:0x" + std::string(62, '0') + "ab");
    CHECK(tx_key("fill:7").value() == "fill:7");
    for (const char* wrong : {"", "0x12", "seven"}) {
        CHECK(tx_key(wrong).error().code == "invalid_tx_key");
    }
}

TEST_CASE("transactions are listed newest first, by state and by wallet") {
    Scene scene;
    using Keys = std::vector<std::string>;
    CHECK(scene.keys({}) == Keys{"a:1", "a:3", "a:2", "a:1"});
    CHECK(scene.keys({.limit = 2}) == Keys{"a:1", "a:3"});
    CHECK(scene.keys({.wallet = kWallet}) == Keys{"a:3", "a:2", "a:1"});
    scene.tx_queue.park({{"a:2", "it would revert"}});
    CHECK(scene.keys({.state = "parked"}) == Keys{"a:2"});
    CHECK(scene.keys({.state = "parked", .wallet = kOther}).empty());
    CHECK(read_txs(scene.database, {.state = "parked"}).front().reason == "it would revert");
    CHECK(read_txs_of(scene.database, "a:1").size() == 2);
    CHECK(read_txs_of(scene.database, "a:4").empty());
}

TEST_CASE("every signed form is read; the list shows the newest") {
    Scene scene;
    REQUIRE(scene.tx_queue.allocate({{"a:1", 21'000}}, 7).front() == 7);
    const auto at = from_unix_seconds(1'800'000'000);
    scene.tx_queue.store({{"a:1", 7, {hash(1), Bytes{1}, {false, 100, 10}, at}}});
    scene.tx_queue.store(
        {{"a:1", 7, {hash(2), Bytes{2}, {false, 200, 20}, at + std::chrono::seconds(9), true}}});
    scene.tx_queue.mark_sent({"a:1"});
    const auto tx = read_txs(scene.database, {.state = "sent"}).front();
    CHECK(tx.wallet == kWallet);
    CHECK(tx.nonce == 7);
    CHECK(tx.gas_limit == 21'000);
    CHECK(tx.on_revert == "ask");
    CHECK(tx.forms == 2);
    CHECK(tx.newest == hash(2));
    CHECK(tx.max_fee == U256(200));
    const auto forms = read_forms(scene.database, tx);
    REQUIRE(forms.size() == 2);
    CHECK(forms[0].hash == hash(1));
    CHECK_FALSE(forms[0].cancels);
    CHECK(forms[1].cancels);
    CHECK(forms[1].max_priority_fee == 20);
    CHECK(forms[1].stored_at == at + std::chrono::seconds(9));
    const auto wallets = read_wallets(scene.database);
    REQUIRE(wallets.size() == 2);
    CHECK(wallets[0].address == kWallet);
    CHECK(wallets[0].next_nonce == 8);
    CHECK(wallets[0].waiting == 2);
    CHECK(wallets[0].unmined == 1);
    CHECK_FALSE(wallets[1].next_nonce);
}

TEST_CASE("an operator request is recorded, or refused with the reason") {
    Scene scene;
    CHECK(request_tx(scene.database, "a:9", "bump").starts_with("refused: "));
    CHECK(request_tx(scene.database, "a:2", "bump").starts_with("refused: "));
    CHECK(request_tx(scene.database, "a:2", "retry").starts_with("refused: "));
    CHECK_FALSE(request_tx(scene.database, "a:2", "cancel").starts_with("refused: "));
    CHECK(read_txs_of(scene.database, "a:2").front().operator_request == "cancel");
}
