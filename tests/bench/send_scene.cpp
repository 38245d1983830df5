#include "send_scene.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "contracts/node_reputation.hpp"
#include "floor.hpp"
#include "onchain/transact.hpp"
#include "report.hpp"
#include "services/reputation/ingest/journal_store.hpp"
#include "services/reputation/ledger/increment.hpp"
#include "services/reputation/sender/increment_policy.hpp"
#include "store/migrations.hpp"
#include "txsender/sender.hpp"

namespace lamda::bench {

namespace nr = contracts::node_reputation;

namespace {

constexpr ChainId kChain{31337};
constexpr std::uint64_t kGas = 60'000;
constexpr int kToFinality = 4;         ///< blocks
constexpr std::size_t kInBlock = 800;  ///< lower bound of transactions per block, by gas
constexpr double kPatienceSeconds = 600;

}  // namespace

SendNode::SendNode(const std::string& dir)
    : anvil_(dir, {}),
      wallet_(*crypto::LocalSigner::from_hex(testkit::dev_key(0))),
      rpc_(std::make_unique<rpcpool::MultiRpc>(rpcpool::RpcConfig{.urls = {anvil_.url()}, .chain = kChain},
                                               clock_, telemetry::Log::none())) {
    onchain::TxRequest request;
    request.data = nr::bytecode();
    contract_ = onchain::transact(*rpc_, SystemClock(), *wallet_, kChain, request).contract_address.value();
    request.to = contract_;
    request.data = nr::RegisterNode{"NVIDIA A100", 81'920}.encode();
    onchain::transact(*rpc_, SystemClock(), *wallet_, kChain, request);
    request.data = calldata(0);  // the first call costs most gas
    onchain::transact(*rpc_, SystemClock(), *wallet_, kChain, request);
    anvil_.call("evm_setAutomine", "[false]");
}

JobId SendNode::job(std::size_t n) {
    return JobId::parse(fmt::format("0x{:064x}", n)).value();
}

Bytes SendNode::calldata(std::size_t n) const {
    return reputation::increment_calldata(wallet_->address(), job(n));
}

std::uint64_t SendNode::accepted() {
    return rpc_->transaction_count(wallet_->address(), eth::Tag::kPending);
}

std::uint64_t SendNode::count() {
    const auto answer = rpc_->call({{}, contract_, nr::SuccessfulJobsCount{wallet_->address()}.encode(), 0},
                                   eth::Tag::kLatest);
    return to_u64(nr::SuccessfulJobsCount::decode_result(answer).value().arg0).value();
}

void SendNode::mine(int blocks) {
    for (int i = 0; i < blocks; ++i) {
        anvil_.call("anvil_setNextBlockBaseFeePerGas", R"(["0x1"])");  // full blocks would raise it
        anvil_.call("evm_mine", "[]");
    }
}

double send_bare(SendNode& node, std::size_t count, std::size_t in_batch) {
    const auto first = node.accepted();
    std::vector<std::string> bodies;
    for (std::size_t i = 0; i < count; ++i) {
        const auto tx = eth::sign({kChain,
                                   first + i,
                                   {false, 10'000'000'000, 1'000'000},
                                   kGas,
                                   node.contract(),
                                   0,
                                   node.calldata(i)},
                                  node.wallet());
        const auto one =
            fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"eth_sendRawTransaction","params":["{}"]}})", i,
                        to_hex(tx.raw));
        if (in_batch == 1) {
            bodies.push_back(one);
        } else if (i % in_batch == 0) {
            bodies.push_back("[" + one);
        } else {
            bodies.back() += "," + one;
        }
        if (in_batch > 1 && (i % in_batch == in_batch - 1 || i + 1 == count)) {
            bodies.back() += "]";
        }
    }
    const double begin = now_seconds();
    download(node.url(), bodies, 1);
    const double took = now_seconds() - begin;
    if (node.accepted() != first + count) {
        throw std::runtime_error(fmt::format("{} sent, and the node has {}", count, node.accepted() - first));
    }
    return took;
}

Sent send_by_ledger(SendNode& node, const std::string& dsn, std::size_t count) {
    const SystemClock clock;
    store::Database database(dsn, "bench", 2);
    store::migrate(database);
    const auto wallet = node.wallet().address();
    std::vector<txsender::Intent> intents;
    std::vector<reputation::Creation> jobs;
    std::vector<reputation::Confirmation> confirmations;
    for (std::size_t i = 0; i < count; ++i) {
        const auto job = SendNode::job(i);
        jobs.push_back({job, wallet, BlockNum{1}});
        confirmations.push_back({job, {BlockNum{2}, BlockHash{}}, i, TxHash{}});
        intents.push_back({reputation::intent_key(job), node.contract(), 0, node.calldata(i)});
    }
    database.transact([&](store::Txn& txn) {
        reputation::put_creations(txn, jobs);
        reputation::put_confirmations(txn, confirmations);
        for (const auto& confirmation : confirmations) {
            reputation::note_proven(txn, confirmation, wallet);
        }
        pgledger::put_intents(txn, wallet, kChain, intents);
        for (const char* table : {"chain.intent", "reputation.job", "reputation.confirmation"}) {
            txn.exec(std::string("ANALYZE ") + table);  // as autovacuum does within a minute
        }
    });
    pgledger::PgTxQueue tx_queue(database, wallet, kChain);
    txsender::SenderConfig config;
    config.name = "bench";
    config.chain_id = kChain;
    config.min_priority_fee = 1'000'000;
    config.max_fee_cap = 10'000'000'000;
    config.max_unmined = count;
    telemetry::Metrics metrics;
    telemetry::Health health;
    const auto first = node.accepted();
    const auto counted = node.count();

    Sent out;
    const double begin = now_seconds();
    reputation::IncrementPolicy policy(database, node.contract());
    txsender::Sender sender(config, node.rpc(), node.wallet(), tx_queue, policy,
                            {clock, telemetry::Log::none(), metrics, health}, {});
    const auto step = [&](const char* until) {
        sender.step();
        if (now_seconds() - begin > kPatienceSeconds) {
            throw std::runtime_error(fmt::format("not all {} after ten minutes", until));
        }
    };
    while (node.accepted() < first + count) {
        step("accepted");
    }
    out.accepted = now_seconds() - begin;
    node.mine(static_cast<int>(count / kInBlock) + 1 + kToFinality);
    while (!tx_queue.in_flight({0, std::nullopt}, 1).empty()) {
        step("done");
    }
    out.done = now_seconds() - begin;
    if (node.count() != counted + count) {
        throw std::runtime_error(
            fmt::format("{} jobs, and the contract counted {}", count, node.count() - counted));
    }
    return out;
}

}  // namespace lamda::bench
