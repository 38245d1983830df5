// lamda tx, wallet and reputation: the operator's view of the services' transactions, and operator commands.
#include "e2e/scenario.hpp"

using namespace lamda;
using namespace lamda::e2e;

namespace {

/// The JSON line of an output that may also hold warnings.
json parsed(const testkit::Finished& finished) {
    const auto begin = finished.output.find("{\"");
    return begin == std::string::npos ? json() : json::parse(finished.output.substr(begin), nullptr, false);
}

json txs(Scenario& s, const std::string& state = "") {
    std::vector<std::string> arguments{"tx", "list", "--json"};
    if (!state.empty()) {
        arguments.insert(arguments.end(), {"--state", state});
    }
    const auto done = s.lamda(arguments);
    INFO(done.output);
    REQUIRE(done.status == 0);
    return parsed(done).at("transactions");
}

json tx(Scenario& s, const JobId& job) {
    const auto done = s.lamda({"tx", "show", job.hex(), "--json"});
    INFO(done.output);
    return done.status == 0 ? parsed(done).at("transactions").at(0) : json::object();
}

void wait_tx(Scenario& s, const JobId& job, const std::string& state) {
    json last;
    const bool reached = testkit::wait_until([&] {
        last = tx(s, job);
        return last.value("state", "") == state;
    });
    INFO("the transaction of " << job.hex() << " must be " << state << "; it is " << last.dump());
    REQUIRE(reached);
}

void wait_forms(Scenario& s, const JobId& job, std::size_t forms) {
    json last;
    const bool reached = testkit::wait_until([&] {
        last = tx(s, job);
        return last.contains("forms") && last.at("forms").size() == forms;
    });
    INFO(forms << " signed forms are required of " << last.dump());
    REQUIRE(reached);
}

/// Stops opBNB from mining during its lifetime.
class NoBlocks {
  public:
    explicit NoBlocks(Scenario& s) : node_(s.network().opbnb_node()) { set("0"); }
    ~NoBlocks() { set("1"); }
    NoBlocks(const NoBlocks&) = delete;
    NoBlocks& operator=(const NoBlocks&) = delete;

  private:
    void set(const std::string& seconds) { node_.call("evm_setIntervalMining", "[" + seconds + "]"); }
    testkit::Anvil& node_;
};

/// Mines enough blocks for a second increment, if one existed.
void let_blocks_pass(Scenario& s, std::uint64_t blocks) {
    const auto until = s.network().opbnb().block_number() + blocks;
    REQUIRE(testkit::wait_until([&] { return s.network().opbnb().block_number() >= until; }, Millis(60'000)));
}

void check_counted_once(Scenario& s, const std::vector<localnet::OrderedJob>& jobs) {
    const auto seen = s.rewards();
    CHECK(seen.size() == jobs.size());
    for (const auto& job : jobs) {
        INFO("job " << job.id.hex());
        CHECK(seen.at(job.id) == 1);
    }
}

void start_market(Scenario& s) {
    s.network().register_provider(0);
    s.start_services();
    s.start({"node-agent-1"});
}

}  // namespace

TEST_CASE("Once on chain: a rebuilt ledger sends no transaction again") {
    Scenario s("e2e_reputation_rebuild");
    start_market(s);
    std::vector jobs{s.market().order(0), s.market().order(0)};
    s.wait_rewarded(jobs);
    for (const auto& job : jobs) {
        wait_tx(s, job.id, "done");
    }

    const auto refused = s.lamda({"reputation", "rebuild", "--yes"});
    CHECK(refused.status == 1);
    CHECK(refused.output.find(":" + std::to_string(s.network().pid_of("reputation"))) != std::string::npos);
    CHECK(txs(s).size() == 2);
    REQUIRE(s.network().stop_service("reputation") == 0);
    const auto unsure = s.lamda({"reputation", "rebuild"});
    INFO(unsure.output);
    CHECK(unsure.status == 1);
    CHECK(unsure.output.find("--yes") != std::string::npos);
    CHECK(txs(s).size() == 2);

    // One more is confirmed before the service has read the chain's counts.
    jobs.push_back(s.market().order(0));
    s.wait_status(jobs.back().id, {"confirmed", "paid"});
    const auto done = s.lamda({"reputation", "rebuild", "--yes", "--json"});
    INFO(done.output);
    REQUIRE(done.status == 0);
    CHECK(parsed(done).at("increments_forgotten") == 2);
    CHECK(parsed(done).at("intents_forgotten") == 2);
    CHECK(parsed(done).at("intents_kept") == 0);
    CHECK(parsed(done).at("confirmations") == 2);
    CHECK(txs(s).empty());

    s.start({"reputation"});
    s.wait_rewarded(jobs);
    wait_tx(s, jobs.back().id, "done");
    let_blocks_pass(s, 30);
    check_counted_once(s, jobs);
    CHECK(s.count_of(s.network().providers()[0]) == 3);
    CHECK(txs(s).size() == 1);  // the chain had counted the others already
    CHECK(s.lamda({"chain", "verify", "--stream", "reputation:opbnb", "--from", "0"}).status == 0);
}

TEST_CASE(
    "Once on chain: a rebuild keeps transactions that may still be mined, and an operator can replace them") {
    Scenario s("e2e_tx_bump");
    start_market(s);
    std::vector<localnet::OrderedJob> jobs;
    {
        const NoBlocks no_blocks(s);
        jobs.push_back(s.market().order(0));
        wait_tx(s, jobs[0].id, "sent");
        wait_forms(s, jobs[0].id, 1);
        const auto bumped = s.lamda({"tx", "bump", jobs[0].id.hex()});
        INFO(bumped.output);
        CHECK(bumped.status == 0);
        wait_forms(s, jobs[0].id, 2);
        const auto one = tx(s, jobs[0].id);
        CHECK(one.at("forms")[0].at("nonce") == one.at("forms")[1].at("nonce"));
        CHECK(one.at("max_fee") == one.at("forms")[1].at("max_fee"));
        CHECK(one.at("newest_hash") == one.at("forms")[1].at("hash"));
        CHECK(one.at("wish").is_null());
        const auto table = s.lamda({"tx", "show", jobs[0].id.hex()});
        for (const auto& form : one.at("forms")) {
            CHECK(table.output.find(form.at("hash").get<std::string>()) != std::string::npos);
        }
        REQUIRE(s.network().stop_service("reputation") == 0);
        const auto done = s.lamda({"reputation", "rebuild", "--yes"});
        INFO(done.output);
        CHECK(done.status == 0);
        CHECK(done.output.find("1 intents that hold a nonce") != std::string::npos);
    }
    s.wait_rewarded(jobs);  // no client follows it
    s.start({"reputation"});
    wait_tx(s, jobs[0].id, "done");
    let_blocks_pass(s, 30);
    check_counted_once(s, jobs);
    CHECK(s.lamda({"tx", "bump", jobs[0].id.hex()}).status == 1);
}

TEST_CASE(
    "Once on chain: an increment cancelled by an operator is not counted, and counted once after a retry") {
    Scenario s("e2e_tx_cancel");
    start_market(s);
    std::vector<localnet::OrderedJob> jobs;
    {
        const NoBlocks no_blocks(s);
        jobs.push_back(s.market().order(0));
        wait_tx(s, jobs[0].id, "sent");
        const auto cancelled = s.lamda({"tx", "cancel", "increment:" + jobs[0].id.hex(), "--json"});
        INFO(cancelled.output);
        CHECK(cancelled.status == 0);
        CHECK(parsed(cancelled).at("accepted") == true);
        wait_forms(s, jobs[0].id, 2);
        CHECK(tx(s, jobs[0].id).at("forms")[1].at("cancels") == true);
        const auto early = s.lamda({"tx", "retry", jobs[0].id.hex(), "--json"});
        CHECK(early.status == 1);
        CHECK(parsed(early).at("accepted") == false);
    }
    wait_tx(s, jobs[0].id, "failed");
    CHECK(tx(s, jobs[0].id).at("reason").get<std::string>().find("cancelled") != std::string::npos);
    CHECK(s.rewards().empty());
    CHECK(txs(s, "failed").size() == 1);
    const auto table = s.lamda({"tx", "list"});
    INFO(table.output);
    CHECK(table.output.find("increment:" + jobs[0].id.hex() + "  failed") != std::string::npos);

    REQUIRE(s.lamda({"tx", "retry", jobs[0].id.hex()}).status == 0);
    s.wait_rewarded(jobs);
    wait_tx(s, jobs[0].id, "done");
    let_blocks_pass(s, 30);
    check_counted_once(s, jobs);

    const auto shown = s.lamda({"wallet", "show", "--json"});
    INFO(shown.output);
    REQUIRE(shown.status == 0);
    REQUIRE(parsed(shown).at("wallets").size() == 1);
    const auto wallet = parsed(shown).at("wallets")[0];
    CHECK(wallet.at("chain_id") == 5611);
    CHECK(wallet.at("next_nonce") == wallet.at("latest_nonce"));
    CHECK(wallet.at("pending_nonce") == wallet.at("latest_nonce"));
    CHECK(wallet.at("balance") != "0");
    CHECK(wallet.at("paid_today") != "0");
    for (const char* none : {"waiting", "unmined", "not_final", "failed"}) {
        CHECK(wallet.at(none) == 0);
    }
    const auto without = s.lamda({"wallet", "show", "--json"}, {{"OPBNB_RPC_URL", ""}});
    CHECK(without.status == 0);
    CHECK(parsed(without).at("wallets")[0].at("balance").is_null());
    CHECK(s.lamda({"wallet", "show"}).output.find("LATEST/PENDING") != std::string::npos);
}

TEST_CASE("lamda tx refuses unknown intents, and reports an unknown state") {
    Scenario s("e2e_tx_refuses");
    CHECK(s.lamda({"tx", "list"}, {{"DATABASE_URL", ""}}).status == 78);
    const auto empty = s.database_without_schema();
    CHECK(s.lamda({"tx", "list"}, empty).status == 2);
    CHECK(s.lamda({"wallet", "show"}, empty).status == 2);
    CHECK(s.lamda({"reputation", "rebuild", "--yes"}, empty).status == 2);
    CHECK(txs(s).empty());
    CHECK(s.lamda({"tx", "list", "--state", "lost"}).status == 2);
    CHECK(s.lamda({"tx", "list", "--wallet", "0x12"}).status == 2);
    CHECK(s.lamda({"tx", "show", "0x12"}).status == 2);
    for (const char* verb : {"show", "bump", "cancel", "retry"}) {
        const auto none = s.lamda({"tx", verb, "fill:7"});
        INFO(verb << ": " << none.output);
        CHECK(none.status == 1);
        CHECK(none.output.find("fill:7") != std::string::npos);
    }
    CHECK(s.lamda({"reputation", "rebuild", "--yes"}).status == 0);  // with an empty ledger
}
