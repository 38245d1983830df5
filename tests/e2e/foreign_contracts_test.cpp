// The executables with contracts of the same interface from another source, and with jobs that were not
// created by our frontend.
#include <fstream>

#include "contracts/job_manager.hpp"
#include "core/bytes.hpp"
#include "crypto/digest.hpp"
#include "e2e/scenario.hpp"
#include "eth/codec/typed_data.hpp"
#include "onchain/transact.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::e2e;

namespace {

Bytes creation_code(const std::string& name) {
    std::ifstream in(testkit::source_dir() + "/tests/data/foreign/" + name + ".json");
    return from_hex(json::parse(in).at("bytecode").get<std::string>()).value();
}

}  // namespace

TEST_CASE("Foreign contracts and a bare createJob: the executables need configuration only") {
    const auto admin = crypto::LocalSigner::from_hex(testkit::dev_key(0)).value();
    localnet::NetworkConfig config;
    Bytes reputation = creation_code("ForeignNodeReputation");
    // The constructor takes the admin: one address word after the code.
    reputation.insert(reputation.end(), 12, 0);
    reputation.insert(reputation.end(), admin->address().array().begin(), admin->address().array().end());
    config.foreign_contracts = {creation_code("ForeignJobManager"), reputation};
    Scenario s("e2e_foreign", config);
    s.network().register_provider(0);
    s.start_services();
    s.start({"node-agent-1"});

    SECTION("a job ordered through the gateway is rewarded, and the chain alone shows its state") {
        const auto job = s.market().order(0);
        s.wait_rewarded({job});
        CHECK(s.count_of(job.provider) == 1);
        s.wait_status(job.id, {"paid"});
        const auto shown = s.lamda({"--json", "job", "show", job.id.hex(), "--chain-only"});
        INFO(shown.output);
        REQUIRE(shown.status == 0);
        CHECK(json::parse(shown.output).at("chain_state") == "paid");
    }

    SECTION("a random id from a bare createJob waits for its spec, which only the renter may attach") {
        const JobId id = random_bytes32().as<JobId>();
        contracts::job_manager::CreateJob call;
        call.job_id = id.as<Bytes32>();
        call.provider_address = s.network().providers()[0];
        onchain::TxRequest request;
        request.to = s.network().job_manager();
        request.data = call.encode();
        request.value = 1000;
        onchain::transact(s.network().bsc(), SystemClock(), s.network().renter(), s.network().bsc_chain(),
                          request);
        s.wait_status(id, {"awaiting_spec"});

        const std::string spec = json({{"version", 1},
                                       {"chainId", s.network().bsc_chain().value},
                                       {"jobManager", s.network().job_manager().hex()},
                                       {"renter", s.network().renter().address().hex()},
                                       {"provider", s.network().providers()[0].hex()},
                                       {"minPayment", "1000"},
                                       {"dockerImage", "lamda/busybox:1.35"},
                                       {"inputFileCID", nullptr},
                                       {"command", {"sh", "-c", "echo bare > /output/result"}},
                                       {"env", json::object()},
                                       {"requirements",
                                        {{"cpuMillis", 500},
                                         {"memoryMib", 64},
                                         {"diskMib", 64},
                                         {"gpuCount", 0},
                                         {"network", false},
                                         {"timeLimitSeconds", 600}}},
                                       {"salt", random_bytes32().hex()}})
                                     .dump();  // nlohmann sorts keys: the canonical form
        const std::string message =
            "Lamda attach spec\n" + id.hex() + "\n" + crypto::sha256(as_bytes(spec)).hex();
        const auto put = [&](const crypto::Signer& signer) {
            const auto signature = signer.sign(eth::personal_message(message)).hex65();
            return s.send("PUT", "/api/jobs/" + id.hex() + "/spec",
                          json({{"spec", json::parse(spec)}, {"signature", signature}}).dump());
        };
        const auto stranger = put(*admin);
        INFO(stranger.body.dump());
        CHECK(stranger.status >= 400);
        CHECK(stranger.status < 500);
        CHECK(s.job(id).at("status") == "awaiting_spec");

        const auto attached = put(s.network().renter());
        INFO(attached.body.dump());
        REQUIRE(attached.status == 200);
        s.wait_status(id, {"paid"});
        CHECK(s.market().result_of(s.job(id).at("output_file_cid").get<std::string>()) == "bare\n");
        REQUIRE(testkit::wait_until([&] { return s.rewards()[id] == 1; }));
    }
}
