#include "chaos/sender_scene.hpp"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

namespace lamda::chaos {

namespace {

constexpr ChainId kChain{97};
const Address kContract = *Address::parse("0x1000000000000000000000000000000000000001");

}  // namespace

SenderScene::SenderScene(testkit::TestDatabase& database, std::uint64_t seed, Millis block_time)
    : database_(database), key_hex_(fmt::format("{:064x}", seed + 1)) {
    signer_ = *crypto::LocalSigner::from_hex(key_hex_);
    wallet_ = signer_->address();
    node_ = std::make_unique<EvmNode>(seed, wallet_, block_time);
}

Bytes SenderScene::data(std::size_t n) {
    return {0x7e, static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)};
}

Result<txsender::Call> SenderScene::call_of(std::string_view key) {
    constexpr std::string_view kPrefix = "increment:";
    if (!key.starts_with(kPrefix)) {
        return Error{"unknown_key", "not the key of an intent of this test", ""};
    }
    return txsender::Call{kContract, 0, data(std::stoul(std::string(key.substr(kPrefix.size()))))};
}

void SenderScene::want(std::size_t from, std::size_t to, txsender::OnRevert policy) {
    std::vector<txsender::Intent> intents;
    for (auto n = from; n < to; ++n) {
        intents.push_back({key(n), kContract, 0, data(n), policy});
    }
    database_.db.transact([&](store::Txn& txn) { pgledger::put_intents(txn, wallet_, kChain, intents); });
}

std::unique_ptr<testkit::Process> SenderScene::start(const RunConfig& run) const {
    testkit::ProcessSpec spec;
    spec.argv = {std::filesystem::read_symlink("/proc/self/exe").string(), "[.sender-victim]"};
    const auto urls = node_->urls();
    spec.env = {{"VICTIM_DSN", database_.dsn},   {"VICTIM_RPC_1", urls[0]},
                {"VICTIM_RPC_2", urls[1]},       {"VICTIM_KEY", key_hex_},
                {"VICTIM_STOP_AT", run.stop_at}, {"VICTIM_LIFETIME", run.lifetime},
                {"LAMDA_CRASH_AT", run.crash_at}};
    spec.log_file = dir_.path() + "/senders.log";
    return std::make_unique<testkit::Process>(std::move(spec));
}

int SenderScene::finish() const {
    return start()->wait(Millis(180'000)).value_or(-1);
}

bool SenderScene::stopped(const testkit::Process& process) {
    std::ifstream in(fmt::format("/proc/{}/stat", process.pid()));
    std::string line;
    std::getline(in, line);
    const auto name_end = line.rfind(") ");
    return name_end != std::string::npos && line[name_end + 2] == 'T';
}

std::size_t SenderScene::executed(std::size_t n) {
    return node_->with([&](const auto& chain) { return chain.executed(data(n)); });
}

std::size_t SenderScene::not_done() const {
    return database_.db.transact([&](store::Txn& txn) {
        return txn
            .one(
                "SELECT count(*) AS n FROM chain.intent WHERE wallet = $1 AND state <> 'done' AND key NOT "
                "LIKE 'fill:%'",
                {wallet_})
            .get<std::uint64_t>("n");
    });
}

std::string SenderScene::unfinished() const {
    return database_.db.transact([&](store::Txn& txn) {
        std::string out;
        for (const auto& row : txn.exec("SELECT key, state, coalesce(reason, '') AS reason FROM chain.intent "
                                        "WHERE wallet = $1 AND state <> 'done' AND key NOT LIKE 'fill:%'",
                                        {wallet_})) {
            out += fmt::format("{} {} {}\n", row.get<std::string>("key"), row.get<std::string>("state"),
                               row.get<std::string>("reason"));
        }
        return out;
    });
}

bool SenderScene::nonces_complete() const {
    pgledger::PgTxQueue tx_queue(database_.db, wallet_, kChain);
    const auto used = node_->with(
        [&](const auto& chain) { return simulator::nonce_after(chain.branch(), wallet_, chain.height()); });
    return tx_queue.next_nonce() <= used;
}

std::string SenderScene::log() const {
    std::ifstream in(dir_.path() + "/senders.log");
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

}  // namespace lamda::chaos
