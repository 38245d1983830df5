// VERIFY_RECEIPTS: an endpoint that changes a contract's logs is accepted without it and refused with it.
#include <atomic>
#include <fstream>

#include "eth/codec/receipts_root.hpp"
#include "eth/rpc_call.hpp"
#include "integration/market_fixture.hpp"
#include "net/http_client.hpp"
#include "net/testing/loopback_server.hpp"

using namespace lamda;
using namespace lamda::integration;
using net::testing::LoopbackServer;

namespace {

/// A proxy of a node that, while it lies, changes the count of every JobCountIncremented to 99. The blooms
/// stay correct: they do not cover data. If it also forges headers, each gets the root of the false receipts
/// under the block's true hash.
class LyingNode {
  public:
    explicit LyingNode(std::string node) : node_(std::move(node)) {}
    std::string url() const { return server_.url(""); }
    std::atomic<bool> lies = true;
    std::atomic<bool> forges_headers = false;

  private:
    static void forge(json& log) {
        if (log.at("topics").at(0) == contracts::node_reputation::JobCountIncremented::topic().hex()) {
            log["data"] = "0x" + std::string(62, '0') + "63";
        }
    }
    json ask(const std::string& body) {
        net::HttpRequest request;
        request.method = "POST";
        request.url = node_;
        request.headers = {{"Content-Type", "application/json"}};
        request.body = body;
        return json::parse(http_.send(request).body);
    }
    /// The root of the false receipts of the block.
    std::string false_root(const std::string& block) {
        json said =
            ask(json{{"jsonrpc", "2.0"}, {"id", 1}, {"method", "eth_getBlockReceipts"}, {"params", {block}}}
                    .dump());
        for (auto& receipt : said.at("result")) {
            for (auto& log : receipt.at("logs")) {
                forge(log);
            }
        }
        std::vector<eth::Receipt> receipts;
        const auto rpc_call = eth::rpc_calls::block_receipts(*BlockHash::parse(block), receipts);
        net::HttpResponse response;
        response.status = 200;
        response.body = said.dump();
        rpc_call.read(1, response);
        return eth::receipts_root(receipts)->hex();
    }
    LoopbackServer::Answer answer(const std::string& body) {
        json out = ask(body);
        const auto method = json::parse(body).at("method").get<std::string>();
        if (lies && forges_headers && method == "eth_getBlockByNumber" && out.at("result").is_object()) {
            auto& header = out["result"];
            header["receiptsRoot"] = false_root(header.at("hash"));
        }
        if (lies && out.contains("result") && out["result"].is_array()) {
            for (auto& one : out["result"]) {
                if (method == "eth_getLogs") {
                    forge(one);
                } else if (method == "eth_getBlockReceipts") {
                    for (auto& log : one["logs"]) {
                        forge(log);
                    }
                }
            }
        }
        return LoopbackServer::reply(out.dump());
    }

    std::string node_;
    net::HttpClient http_;
    LoopbackServer server_{[this](const LoopbackServer::Request& request) { return answer(request.body); }};
};

struct Scene : MarketFixture {
    Scene() : MarketFixture("verify-receipts") {
        register_node(provider());
        count_job(provider().address());
    }
    LyingNode node{anvil().url()};
    int port = testkit::free_port();
    net::HttpClient http;

    void start_registry(const char* verify, const std::string& other_endpoint = "") {
        start("node-registry", {{"OPBNB_RPC_URL", node.url() + other_endpoint},
                                {"VERIFY_RECEIPTS", verify},
                                {"METRICS_PORT", std::to_string(port)}});
    }
    std::string get(const std::string& path) {
        net::HttpRequest request;
        request.url = "http://127.0.0.1:" + std::to_string(port) + path;
        try {
            return http.send(request).body;
        } catch (const net::TransportError&) {
            return "";
        }
    }
    std::string log() const {
        std::ifstream file(dir() + "/node-registry.log");
        return {std::istreambuf_iterator<char>(file), {}};
    }
    bool counted(int wanted) {
        return testkit::wait_until(
            [&] { return count("api.node WHERE reputation_score = " + std::to_string(wanted)) == 1; });
    }
};

}  // namespace

TEST_CASE("Sceptical: receipts that are not the block's are refused, with block and endpoint named") {
    Scene scene;
    scene.start_registry("true");
    std::string readiness;
    CHECK(testkit::wait_until([&] {
        readiness = scene.get("/readyz");
        return readiness.find("are refused") != std::string::npos;
    }));
    CHECK_THAT(readiness, Catch::Contains("OPBNB_RPC_URL: " + scene.node.url()) &&
                              Catch::Contains("the receipts of block ") && Catch::Contains("have root 0x"));
    CHECK_THAT(scene.log(), Catch::Contains("the receipts of block ") && Catch::Contains(scene.node.url()));
    const auto metrics = scene.get("/metrics");
    CHECK_THAT(metrics, Catch::Contains("lamda_chain_receipts_refused_total{stream=\"registry:opbnb\"} "));
    CHECK_THAT(metrics, !Catch::Contains("lamda_chain_receipts_refused_total{stream=\"registry:opbnb\"} 0"));
    CHECK(scene.count("registry.node_event WHERE kind = 'job_counted'") == 0);

    // The event was delayed, not changed.
    scene.node.lies = false;
    CHECK(scene.counted(1));
}

TEST_CASE("Sceptical: a header forged along with its receipts does not match its hash, and is refused") {
    Scene scene;
    scene.node.forges_headers = true;
    scene.start_registry("true");
    std::string readiness;
    CHECK(testkit::wait_until([&] {
        readiness = scene.get("/readyz");
        return readiness.find("is named with hash") != std::string::npos;
    }));
    CHECK_THAT(readiness, Catch::Contains("OPBNB_RPC_URL: " + scene.node.url()) &&
                              Catch::Contains("set VERIFY_RECEIPTS=false to read it without this proof"));
    CHECK_THAT(scene.log(), Catch::Contains("header refused") && Catch::Contains(scene.node.url()));
    const auto metrics = scene.get("/metrics");
    CHECK_THAT(metrics, Catch::Contains("lamda_chain_headers_refused_total{stream=\"registry:opbnb\"} "));
    CHECK_THAT(metrics, !Catch::Contains("lamda_chain_headers_refused_total{stream=\"registry:opbnb\"} 0"));
    CHECK(scene.count("registry.node_event WHERE kind = 'job_counted'") == 0);

    scene.node.lies = false;
    CHECK(scene.counted(1));
}

TEST_CASE("Sceptical: if one endpoint forges headers, another one is called") {
    Scene scene;
    scene.node.forges_headers = true;
    scene.start_registry("true", "," + scene.anvil().url());
    CHECK(scene.counted(1));
    CHECK_THAT(scene.log(), Catch::Contains("endpoint failed") && Catch::Contains(scene.node.url()) &&
                                Catch::Contains("is named with hash"));
    CHECK(scene.count("registry.node_event WHERE kind = 'job_counted'") == 1);
}

TEST_CASE("without verification a consistent endpoint is accepted") {
    Scene scene;
    scene.start_registry("false");
    CHECK(scene.counted(99));
}

TEST_CASE("VERIFY_RECEIPTS is true or false") {
    for (const std::string service : {"node-registry", "job-dispatcher", "reputation"}) {
        testkit::ProcessSpec spec;
        spec.argv = {testkit::binary_dir() + "/bin/lamda-" + service, "--check-config"};
        spec.env = {{"VERIFY_RECEIPTS", "perhaps"}};
        const auto result = testkit::run(spec);
        INFO(service << ": " << result.output);
        CHECK(result.status == 78);
        CHECK_THAT(result.output, Catch::Contains("VERIFY_RECEIPTS") && !Catch::Contains("perhaps"));
    }
}
