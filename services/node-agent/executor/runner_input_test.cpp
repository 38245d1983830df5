// Inputs that arrive in parts: a cut download, or another process, goes on from the verified blocks on disk.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "ipfs/unixfs.hpp"
#include "services/node-agent/executor/janitor.hpp"
#include "services/node-agent/testing/runner_world.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;

namespace {

/// A gateway that answers a number of requests, and then none.
struct Gateway {
    std::map<std::string, std::string> blocks;  ///< by CID
    std::map<std::string, int> served;
    std::size_t left = 0;

    Cid add_file(const std::string& content) {
        ipfs::FileBuilder builder(
            [this](const ipfs::Block& block) { blocks[block.cid.to_string()] = as_string(block.bytes); });
        builder.write(as_bytes(content));
        return builder.finish().cid;
    }
    net::HttpResponse get(const net::HttpRequest& request) {
        if (!request.url.starts_with("http://gateway/")) {
            return {404, {}, ""};
        }
        const auto begin = request.url.find("/ipfs/") + 6;
        const auto cid = request.url.substr(begin, request.url.find('?') - begin);
        if (left == 0) {
            throw net::TransportError(net::TransportError::Kind::kConnect, "the gateway is away");
        }
        --left;
        ++served[cid];
        return {200, {}, blocks.at(cid)};
    }
};

/// 900,000 bytes in four blocks, and their node.
struct CutInput : Agent {
    std::string text = [] {
        std::string out(900'000, '\0');
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = static_cast<char>(i * 31 + (i >> 8) * 17 + (i >> 16) * 7);
        }
        return out;
    }();
    Gateway gateway;
    AttemptKey key;

    CutInput() {
        auto job = assignment(1, 1);
        job.input_file_cid = gateway.add_file(text).to_string();
        world.on_get = [this](const auto& request) { return gateway.get(request); };
        key = accept(job);
    }
    std::string folder() const { return dir.path() + "/jobs/" + key.name(); }
};

}  // namespace

TEST_CASE_METHOD(CutInput, "an input that is cut is completed by requests for its missing blocks only") {
    std::string input;
    world.on_start = [&] {
        std::ifstream in(folder() + "/input", std::ios::binary);
        input.assign(std::istreambuf_iterator<char>(in), {});
    };
    gateway.left = 3;
    pass(std::chrono::seconds(1));
    CHECK(journal->active(key));
    SECTION("by the same process, after a pause") {}
    SECTION("by another process") {
        restart();
    }
    gateway.left = 2;
    pass(std::chrono::seconds(60));
    REQUIRE(completed(key));
    CHECK(input == text);
    CHECK(gateway.served.size() == 5);
    for (const auto& [cid, times] : gateway.served) {
        INFO(cid);
        CHECK(times == 1);
    }
    CHECK_FALSE(std::filesystem::exists(folder() + "/input.partial"));
    CHECK_FALSE(std::filesystem::exists(folder() + "/input.partial.nodes"));
}

TEST_CASE_METHOD(CutInput, "an input that arrives block by block may take longer than one step is retried") {
    for (int block = 1; block <= 5; ++block) {
        INFO(block);
        CHECK(journal->active(key));
        gateway.left = 1;
        pass(std::chrono::minutes(10));  // AGENT_RETRY_FOR is 15
    }
    CHECK(completed(key));
}

TEST_CASE_METHOD(CutInput, "the blocks of an input that never arrives are removed with the attempt") {
    gateway.left = 3;
    pass(std::chrono::minutes(20));
    CHECK(failure(key).starts_with("input_unavailable: "));
    CHECK(std::filesystem::exists(folder() + "/input.partial"));
    journal->update(key, [](Attempt& attempt) { attempt.outbox.clear(); });  // the bus has them
    Janitor(*journal, *executor, secrets, dir.path() + "/jobs", clock).clean_ended();
    CHECK_FALSE(std::filesystem::exists(folder()));
}
