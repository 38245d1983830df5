// Tests that the admin wallet signs only increments of confirmed jobs, for any rows in chain.intent and
// chain.tx.
#include "services/reputation/sender/increment_policy.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <iostream>
#include <random>
#include <set>

#include "eth/codec/rlp.hpp"
#include "pgledger/pg_tx_queue.hpp"
#include "services/reputation/ingest/journal_store.hpp"
#include "services/reputation/ledger/increment.hpp"
#include "simulator/scripted_chain.hpp"
#include "store/values.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/servers.hpp"
#include "txsender/sender.hpp"

using namespace lamda;
using namespace lamda::reputation;

namespace {

const Address kContract = *Address::parse("0x2000000000000000000000000000000000000002");
const Address kProvider = *Address::parse("0x3000000000000000000000000000000000000003");
const Address kThief = *Address::parse("0x00000000000000000000000000000000000000bb");
constexpr ChainId kChain{97};

JobId job(std::size_t n) {
    return JobId::parse(fmt::format("0x{:064x}", n)).value();
}

/// Records each transaction that it signs.
struct RecordingSigner final : crypto::Signer {
    struct Signed {
        Bytes to;
        Bytes value;
        Bytes data;
        auto operator<=>(const Signed&) const = default;
    };
    const Address& address() const override { return real->address(); }
    crypto::Signature sign(BytesView message) const override {
        REQUIRE(message[0] == 2);
        const auto fields = eth::rlp::decode(message.subspan(1)).value().list();
        requests.push_back({fields.at(5).bytes(), fields.at(6).bytes(), fields.at(7).bytes()});
        return real->sign(message);
    }
    void check() const override {}
    std::unique_ptr<crypto::LocalSigner> real = *crypto::LocalSigner::from_hex(std::string(63, '0') + "1");
    mutable std::vector<Signed> requests;
};

RecordingSigner::Signed as_signed(const txsender::Call& call) {
    return {{call.to.array().begin(), call.to.array().end()}, to_be_minimal(call.value), call.data};
}

struct Scene {
    testkit::TempDir dir{"policy"};
    testkit::PostgresServer postgres{dir.path()};
    store::Database database{testkit::migrated_database(postgres, "reputation", store::kReputationRole),
                             "test", 2};
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    simulator::ScriptedChain chain{1, clock};
    RecordingSigner signer;
    pgledger::PgTxQueue ledger{database, signer.address(), kChain};
    IncrementPolicy policy{database, kContract};
    telemetry::Metrics metrics;
    telemetry::Health health;
    std::unique_ptr<txsender::Sender> sender;

    Scene() {
        txsender::SenderConfig config;
        config.name = "test";
        config.chain_id = kChain;
        config.min_priority_fee = 10;
        config.max_fee_cap = 1'000'000;
        config.max_unmined = 1'000;
        config.bump_after_blocks = 3;
        sender = std::make_unique<txsender::Sender>(
            config, chain, signer, ledger, policy,
            telemetry::Context{clock, telemetry::Log::none(), metrics, health}, nullptr);
        chain.finality_depth = 4;
    }
    void confirm(std::size_t first, std::size_t last) {
        std::vector<Creation> creations;
        std::vector<Confirmation> confirmations;
        for (auto n = first; n < last; ++n) {
            creations.push_back({job(n), kProvider, BlockNum{n}});
            confirmations.push_back({job(n), {BlockNum{n}, BlockHash{}}, 0, TxHash{}});
        }
        database.transact([&](store::Txn& txn) {
            put_creations(txn, creations);
            put_confirmations(txn, confirmations);
            for (const auto& row : confirmations) {
                note_proven(txn, row, kProvider);
            }
        });
    }
    std::string state_of(const JobId& which) {
        return database.transact([&](store::Txn& txn) {
            const auto row = txn.first(
                "SELECT state || ' ' || coalesce(nonce::text, '-') || ' ' || reason || ' of ' || "
                "(SELECT coalesce(next_nonce::text, '-') FROM chain.wallet) AS text FROM chain.intent WHERE "
                "key = $1",
                {intent_key(which)});
            return row ? row->get<std::string>("text") : "no row";
        });
    }
    void run(int blocks) {
        for (int i = 0; i < blocks; ++i) {
            clock.advance(Millis(4'000));
            sender->step();
            chain.mine();
        }
    }
};

/// A row of chain.intent, as any role with write access could insert it.
struct Row {
    std::string key;
    Bytes to;
    std::string value;
    Bytes data;
    std::string state;
    std::string policy;
    std::optional<std::uint64_t> nonce;
    std::string gas_limit;
};

class Fuzzer {
  public:
    explicit Fuzzer(std::uint64_t seed) : random_(seed) {}
    std::uint64_t below(std::uint64_t n) { return random_() % n; }

    /// Returns a due intent with at least one field changed. @param jobs jobs below this number are
    /// confirmed, those above are not
    Row row(std::size_t number, std::size_t jobs) {
        const auto n = below(3 * jobs);
        const auto named = job(n);
        Row out{fmt::format("increment:{}", named.hex()),
                bytes_of(kContract),
                "0",
                increment_calldata(kProvider, named),
                "pending",
                pick({"give_up", "retry", "ask"}),
                {},
                "100000"};
        do {
            mutate(out, number);
        } while (below(2) == 0);
        // A key is unique in the table: most rows get a key that is not due. So do rows with a nonce: they
        // would be sent only after all lower nonces are used, which takes too long.
        if (below(4) != 0 || out.nonce) {
            out.key += fmt::format("{}{}", pick({":", " ", "0", "/"}), number);
        }
        return out;
    }

  private:
    static Bytes bytes_of(const Address& address) { return {address.array().begin(), address.array().end()}; }
    std::string pick(const std::vector<std::string>& of) { return of[below(of.size())]; }
    void mutate(Row& row, std::size_t number) {
        switch (below(8)) {
            case 0:
                row.to = bytes_of(below(2) == 0 ? kThief : Address{});
                return;
            case 1:
                row.value =
                    pick({"1", "100000000000000000000",
                          "115792089237316195423570985008687907853269984665640564039457584007913129639936",
                          "999999999999999999999999999999999999999999999999999999999999999999999999999999"});
                return;
            case 2:
                row.data[below(row.data.size())] ^= static_cast<std::uint8_t>(1 + below(255));
                return;
            case 3:
                row.data.resize(below(200));
                row.data.push_back(1);
                return;
            case 4:
                row.data = increment_calldata(kThief, job(below(30)));
                return;
            case 5:
                row.key =
                    pick({"fill:", "fill:0x", "Increment:", "increment:0X", "transfer:", "confirm:0x", "x"}) +
                    std::to_string(number);
                return;
            case 6:
                row.state = pick({"allocated", "sent", "parked", "done", "failed"});
                row.nonce = number;
                return;
            case 7:
                row.gas_limit = pick({"0", "1", "21000", "18446744073709551616", "99999999999999999999"});
                return;
            default:
                FAIL("unknown mutation");
        }
    }

    std::mt19937_64 random_;
};

std::size_t put_rows(store::Database& database, const Address& wallet, const std::vector<Row>& rows) {
    const auto column = [&](auto member) { return store::array_of(rows, member); };
    return database.transact([&](store::Txn& txn) {
        txn.exec("INSERT INTO chain.wallet (chain_id, address) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                 {kChain.value, wallet});
        return txn
            .exec(
                "INSERT INTO chain.intent (chain_id, wallet, key, recipient, value, data, state, on_revert, "
                "nonce, gas_limit) SELECT $1, $2, key, recipient, value::numeric, data, state, policy, "
                "nullif(nonce, -1), gas_limit::numeric FROM unnest($3::text[], $4::bytea[], $5::text[], "
                "$6::bytea[], $7::text[], $8::text[], $9::bigint[], $10::text[]) AS r (key, recipient, "
                "value, "
                "data, state, policy, nonce, gas_limit) ON CONFLICT DO NOTHING",
                {kChain.value, wallet, column(&Row::key), column(&Row::to), column(&Row::value),
                 column(&Row::data), column(&Row::state), column(&Row::policy),
                 store::array_of(
                     rows,
                     [](const Row& row) { return row.nonce ? static_cast<std::int64_t>(*row.nonce) : -1; }),
                 column(&Row::gas_limit)})
            .affected();
    });
}

}  // namespace

TEST_CASE("an increment's call depends only on its key and on the confirmed jobs") {
    Scene scene;
    scene.confirm(1, 4);
    scene.database.transact([](store::Txn& txn) {
        put_creations(txn, {{job(7), kProvider, BlockNum{7}}});  // not confirmed
        put_confirmations(txn, {{job(8), {BlockNum{8}, BlockHash{}}, 0, TxHash{}}});
        put_increments(txn, {{kProvider, 1, {BlockNum{3}, BlockHash{}}, 0, TxHash{}}});
        txn.exec("UPDATE reputation.increment SET looked_up = true, job_id = $1", {job(3)});
    });
    const auto capital = "increment:0x" + std::string(63, '0') + "A";
    const auto calls =
        scene.policy.calls({intent_key(job(2)), intent_key(job(7)), intent_key(job(8)), intent_key(job(3)),
                            intent_key(job(9)), "increment:0x12", intent_key(job(1)) + " ", capital, ""});
    CHECK(calls[0].value() == txsender::Call{kContract, 0, increment_calldata(kProvider, job(2))});
    std::vector<std::string> codes;
    for (std::size_t i = 1; i < calls.size(); ++i) {
        codes.push_back(calls[i].error().code);
    }
    CHECK(codes == std::vector<std::string>{"not_confirmed", "unproven", txsender::kNotDue, "not_confirmed",
                                            "unknown_key", "unknown_key", "unknown_key", "unknown_key"});
}

TEST_CASE("of 10,000 fuzzed intents only due ones are signed, and every due one is sent once") {
    constexpr std::size_t kRows = 10'000;
    constexpr std::size_t kJobs = 50;
    constexpr std::uint32_t seed = 20261129;
    std::cout << "seed " << seed << "\n";
    INFO("seed " << seed);
    Scene scene;
    scene.confirm(0, kJobs);
    Fuzzer fuzzer(seed);
    std::vector<Row> rows;
    for (std::size_t n = 0; n < kRows; ++n) {
        rows.push_back(fuzzer.row(n, kJobs));
    }
    const auto written = put_rows(scene.database, scene.signer.address(), rows);
    CHECK(written > kRows / 2);
    std::set<RecordingSigner::Signed> allowed{as_signed({scene.signer.address(), 0, {}})};
    std::vector<txsender::Intent> due;
    for (std::size_t n = 0; n < kJobs; ++n) {
        const txsender::Call call{kContract, 0, increment_calldata(kProvider, job(n))};
        allowed.insert(as_signed(call));
        due.push_back({intent_key(job(n)), call.to, call.value, call.data, txsender::OnRevert::kRetry});
    }
    // Added as the planner adds them: a row that has taken the key of a due intent stays.
    store::Database superuser(scene.postgres.dsn("reputation"), "test", 1);
    superuser.transact([&](store::Txn& txn) {
        pgledger::put_intents(txn, scene.signer.address(), kChain, due);
        // An intent that is marked as done is not sent. No theft follows, and the count audit reports it.
        txn.exec("DELETE FROM chain.intent WHERE state IN ('done', 'failed') AND key = ANY ($1::text[])",
                 {store::array_of(due, &txsender::Intent::key)});
        pgledger::put_intents(txn, scene.signer.address(), kChain, due);
    });
    scene.run(60);
    for (const auto& request : scene.signer.requests) {
        REQUIRE(allowed.contains(request));
    }
    for (std::size_t n = 0; n < kJobs; ++n) {
        INFO("job " << n);
        INFO(scene.state_of(job(n)));
        CHECK(scene.chain.executed(increment_calldata(kProvider, job(n))) == 1);
    }
    CHECK(scene.metrics.serialize().find("lamda_sender_violations{sender=\"test\"} 0\n") ==
          std::string::npos);
}
