// The sample agent of docs/samples/agent in place of lamda-node-agent: the documentation is sufficient for an
// agent in another language.
#include <fstream>

#include "e2e/scenario.hpp"
#include "ipfs/content_store.hpp"
#include "testkit/patience.hpp"

using namespace lamda;
using namespace lamda::e2e;

namespace {

std::string read_text(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Key of a provider of the local network, from the well-known mnemonic.
std::string key_of(const Address& provider) {
    for (std::size_t n = 0; n < 10; ++n) {
        if (crypto::LocalSigner::from_hex(testkit::dev_key(n)).value()->address() == provider) {
            return testkit::dev_key(n);
        }
    }
    throw std::logic_error("no development key has this address");
}

}  // namespace

TEST_CASE("an agent in Node, written against documentation and samples alone, completes a paid job") {
    Scenario s("e2e_sample_agent");
    s.start_services();
    testkit::TempDir scratch("sample_agent");
    auto env = s.network().settings();
    env["AGENT_PRIVATE_KEY"] = key_of(s.network().providers().front());
    env["AGENT_STATE_DIR"] = scratch.path() + "/state";
    const auto log_file = scratch.path() + "/agent.log";
    const testkit::ProcessSpec spec{{"node", testkit::source_dir() + "/docs/samples/agent/agent.mjs"},
                                    env,
                                    scratch.path(),
                                    log_file,
                                    false};
    s.network().register_provider(0);
    testkit::Process agent(spec);

    const auto job = s.market().order(0);
    try {
        s.wait_status(job.id, {"completed", "failed"});
    } catch (...) {
        UNSCOPED_INFO(read_text(log_file));
        throw;
    }
    const auto row = s.job(job.id);
    INFO(row.dump() << "\n" << read_text(log_file));
    REQUIRE(row.at("status") == "completed");
    CHECK(row.at("attempt") == 1);

    // Verified block by block: each against its CID.
    ipfs::ContentStore store(
        {s.network().content_url(), {s.network().content_url()}, "", testkit::kCallTimeout},
        s.network().http());
    const auto cid = Cid::parse(row.at("output_file_cid").get<std::string>()).value();
    store.fetch(cid, scratch.path() + "/output", 1 << 20);
    CHECK(read_text(scratch.path() + "/output/result") == job.expected_output);
    CHECK(agent.running());
}
