// lamda chain: the state of the streams, and the comparison of journals with chains.
#include "e2e/scenario.hpp"
#include "store/database.hpp"

using namespace lamda;
using namespace lamda::e2e;

namespace {

constexpr auto kStreams = {"dispatcher:bsc", "registry:opbnb", "reputation:bsc", "reputation:opbnb"};

/// The JSON line of an output that may also hold warnings.
json parsed(const testkit::Finished& finished) {
    const auto begin = finished.output.find("{\"");
    return begin == std::string::npos ? json() : json::parse(finished.output.substr(begin), nullptr, false);
}

json stream_of(const json& status, const std::string& name) {
    for (const auto& stream : status.value("streams", json::array())) {
        if (stream.at("stream") == name) {
            return stream;
        }
    }
    return json::object();
}

struct Verified {
    int status;
    json report;
    std::string output;
};

Verified verify(Scenario& s, const std::string& stream, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"chain", "verify", "--json", "--stream", stream, "--from", "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto done = s.lamda(arguments);
    return {done.status, parsed(done), done.output};
}

void change(Scenario& s, const std::string& sql) {
    store::Database database(s.network().dsn(), "test", 1);
    database.transact([&](store::Txn& txn) { REQUIRE(txn.exec(sql).affected() == 1); });
}

}  // namespace

TEST_CASE("lamda chain status shows every stream of a running network, a reorg, and the active instance") {
    localnet::NetworkConfig config;
    config.bsc_slots = 4;  // finality at a depth of 8 blocks: a reorg of 3 is allowed
    Scenario s("e2e_chain_status", config);
    CHECK(s.lamda({"chain", "status"}, {{"DATABASE_URL", ""}}).status == 78);
    s.start_services();
    testkit::Finished done{};
    const bool well = testkit::wait_until([&] {
        done = s.lamda({"chain", "status", "--json", "--max-lag", "20s"});
        return done.status == 0 && parsed(done).at("streams").size() == 4;
    });
    INFO(done.output);
    REQUIRE(well);
    for (const std::string name : kStreams) {
        const auto stream = stream_of(parsed(done), name);
        INFO(stream.dump());
        CHECK(stream.at("ok") == true);
        CHECK(stream.at("state") == "ok");
        CHECK(stream.at("chain_id") == (name.ends_with(":bsc") ? 97 : 5611));
        CHECK(stream.at("head") >= stream.at("processed"));
        CHECK(stream.at("lag_blocks") == stream.at("head").get<int>() - stream.at("processed").get<int>());
        CHECK(stream.at("instance_active") == true);
        CHECK(stream.at("last_reorg").is_null());
        REQUIRE(stream.at("endpoints").size() == 1);
        CHECK(stream.at("endpoints")[0].at("state") == "good");
        CHECK(stream.at("endpoints")[0].at("mode") == "logs");
    }
    const auto pid = std::to_string(s.network().pid_of("job-dispatcher"));
    CHECK(stream_of(parsed(done), "dispatcher:bsc").at("instance").get<std::string>().ends_with(":" + pid));

    s.network().bsc_node().call("anvil_reorg", "[3,[]]");
    json reorg;
    CHECK(testkit::wait_until([&] {
        done = s.lamda({"chain", "status", "--json"});
        reorg = stream_of(parsed(done), "dispatcher:bsc").at("last_reorg");
        return !reorg.is_null();
    }));
    INFO(reorg.dump());
    CHECK(reorg.at("depth").get<int>() >= 1);
    CHECK(reorg.at("total").get<int>() >= 1);
    CHECK(reorg.at("from").get<int>() - reorg.at("to").get<int>() == reorg.at("depth").get<int>());

    const auto table = s.lamda({"chain", "status"});
    INFO(table.output);
    CHECK(table.status == 0);
    for (const char* text :
         {"STREAM", "LAST REORG", "deep", "ENDPOINT", "dispatcher:bsc", "reputation:opbnb"}) {
        CHECK(table.output.find(text) != std::string::npos);
    }

    // The database alone is sufficient; an endpoint without an answer is reported and does not block the
    // command.
    const auto without =
        s.lamda({"chain", "status"}, {{"BSC_RPC_URL", ""}, {"OPBNB_RPC_URL", "http://127.0.0.1:1"}});
    INFO(without.output);
    CHECK(without.status == 0);
    CHECK(without.output.find("OPBNB_RPC_URL") != std::string::npos);
}

TEST_CASE("lamda chain status ends with 1 if a stream is stalled, and with 2 if the state is unknown") {
    Scenario s("e2e_chain_status_still");
    CHECK(s.lamda({"chain", "status"}, s.database_without_schema()).status == 2);
    s.start({"node-registry", "job-dispatcher"});
    REQUIRE(
        testkit::wait_until([&] { return s.lamda({"chain", "status", "--max-lag", "20s"}).status == 0; }));
    s.network().kill_service("job-dispatcher");
    testkit::Finished done{};
    const bool still = testkit::wait_until([&] {
        done = s.lamda({"chain", "status", "--json", "--max-lag", "4s"});
        return stream_of(parsed(done), "dispatcher:bsc").at("ok") == false;
    });
    INFO(done.output);
    REQUIRE(still);
    CHECK(done.status == 1);
    const auto stream = stream_of(parsed(done), "dispatcher:bsc");
    CHECK(stream.at("instance_active") == false);
    CHECK(stream.at("state").get<std::string>().find("no active instance") != std::string::npos);
    CHECK(stream_of(parsed(done), "registry:opbnb").at("instance_active") == true);
    CHECK(s.lamda({"chain", "status", "--max-lag", "soon"}).status == 2);
    s.network().postgres().kill();
    CHECK(s.lamda({"chain", "status"}).status == 2);
}

TEST_CASE(
    "lamda chain verify finds missing, surplus and changed entries of a journal; the audit repairs them") {
    localnet::NetworkConfig config;
    config.more_env["SWEEP_PACE"] = "0s";  // otherwise the audit would be faster than this test
    Scenario s("e2e_chain_verify", config);
    s.network().register_provider(0);
    s.start_services();
    s.start({"node-agent-1"});
    const auto job = s.market().order(0);
    s.wait_rewarded({job});
    for (const std::string stream : kStreams) {
        // Up to finality, which the last event reaches shortly.
        const std::uint64_t logs = stream == "dispatcher:bsc" ? 3 : stream == "registry:opbnb" ? 2 : 1;
        Verified done{};
        const bool equal = testkit::wait_until([&] {
            done = verify(s, stream);
            return done.status != 0 || done.report.at("compared") >= logs;
        });
        INFO(stream << ": " << done.output);
        CHECK(equal);
        CHECK(done.status == 0);
        CHECK(done.report.at("equal") == true);
        CHECK(done.report.at("differences").empty());
        CHECK(verify(s, stream, {"--receipts"}).report.at("compared") >= logs);
    }

    change(s, "DELETE FROM dispatch.job_event WHERE kind = 'confirmed'");
    auto found = verify(s, "dispatcher:bsc");
    INFO(found.output);
    CHECK(found.status == 1);
    CHECK(found.report.at("missing") == 1);
    CHECK(found.report.at("surplus") == 0);
    CHECK(found.report.at("different") == 0);
    CHECK(found.report.at("differences")[0].at("difference") == "missing");
    CHECK(found.report.at("differences")[0].at("kind") == "confirmed");
    CHECK(found.report.at("differences")[0].at("subject") == job.id.hex());
    const auto block = found.report.at("differences")[0].at("block").get<std::uint64_t>();
    const auto table = s.lamda({"chain", "verify", "--stream", "dispatcher:bsc", "--from",
                                std::to_string(block), "--to", std::to_string(block)});
    CHECK(table.status == 1);
    CHECK(table.output.find(job.id.hex()) != std::string::npos);
    CHECK(table.output.find("1 missing in the journal, 0 surplus") != std::string::npos);
    CHECK(verify(s, "dispatcher:bsc", {"--to", std::to_string(block - 1)}).status == 0);

    change(
        s,
        "UPDATE registry.node_event SET body = jsonb_set(body, '{vram}', '\"1\"') WHERE kind = 'registered'");
    found = verify(s, "registry:opbnb");
    CHECK(found.status == 1);
    CHECK(found.report.at("different") == 1);
    CHECK(found.report.at("differences")[0].at("detail").get<std::string>().find("\"vram\":\"1\"") !=
          std::string::npos);

    // Settled confirmations are not proven again: otherwise it would be refuted at once.
    change(s,
           "INSERT INTO reputation.confirmation (job_id, block_num, block_hash, log_index, tx_hash, settled) "
           "SELECT sha256(job_id), block_num, block_hash, log_index + 9, tx_hash, true FROM "
           "reputation.confirmation");
    found = verify(s, "reputation:bsc");
    CHECK(found.status == 1);
    CHECK(found.report.at("surplus") == 1);
    CHECK(verify(s, "reputation:opbnb").status == 0);

    // An audit reads no block that a node behind a load balancer may lack.
    s.network().bsc_node().call("anvil_mine", "[\"0xa0\"]");
    s.network().opbnb_node().call("anvil_mine", "[\"0xa0\"]");
    for (const char* service : {"node-registry", "job-dispatcher", "reputation"}) {
        REQUIRE(s.network().stop_service(service) == 0);
        s.network().start_service(service, {{"SWEEP_PACE", "50ms"}});
        s.network().wait_ready(service);
    }
    for (const std::string stream : {"dispatcher:bsc", "registry:opbnb", "reputation:bsc"}) {
        testkit::Finished done{};
        const bool repaired = testkit::wait_until([&] {
            done = s.lamda({"chain", "status", "--json"});
            const auto audit = stream_of(parsed(done), stream).at("sweep");
            return !audit.is_null() && audit.at("repaired") == 1;
        });
        INFO(stream << ": " << done.output);
        CHECK(repaired);
        const auto again = verify(s, stream);
        INFO(again.output);
        CHECK(again.status == 0);
    }
    const auto status = s.lamda({"chain", "status"});
    INFO(status.output);
    CHECK(status.output.find("REPAIRED") != std::string::npos);
    CHECK(s.job(job.id).at("status") == "paid");
}

TEST_CASE("lamda chain verify refuses streams that it cannot compare") {
    Scenario s("e2e_chain_verify_refuses");
    CHECK(
        s.lamda({"chain", "verify", "--stream", "dispatcher:bsc", "--from", "0"}, s.database_without_schema())
            .status == 2);
    s.start({"node-registry"});
    CHECK(verify(s, "dispatcher:bsc").status == 2);  // that stream has not started
    CHECK(verify(s, "dispatcher:opbnb").output.find("dispatcher:bsc") != std::string::npos);
    CHECK(verify(s, "registry:opbnb", {"--to", "1000000"}).output.find("--to") != std::string::npos);
    const auto other = verify(s, "registry:opbnb", {"--rpc-url", s.network().settings().at("BSC_RPC_URL")});
    CHECK(other.status == 78);
    CHECK(other.output.find("97") != std::string::npos);
    CHECK(verify(s, "registry:opbnb", {"--rpc-url", "http://127.0.0.1:1"}).status == 2);
    const auto unset =
        s.lamda({"chain", "verify", "--stream", "registry:opbnb", "--from", "0"}, {{"OPBNB_RPC_URL", ""}});
    CHECK(unset.status == 78);
    CHECK(unset.output.find("OPBNB_RPC_URL") != std::string::npos);
}
