// Bad jobs and bad statuses among good ones: refused, with the reason where renter and operator see it (the
// job over REST, dead letters). The good jobs are rewarded.
#include <functional>

#include "e2e/scenario.hpp"
#include "ipfs/testing/block_server.hpp"
#include "testkit/patience.hpp"
#include "wire/job_spec.hpp"
#include "wire/messages.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::e2e;

namespace {

struct BadJob {
    std::string scenario;
    std::string spec;    ///< text, as it is stored on IPFS
    std::string status;  ///< public, at the end
    std::string reason;  ///< part of error_message
};

/// A market whose first provider also reads inputs from a gateway with blocks of the test.
struct Refusals : Scenario {
    ipfs::BlockServer blocks;
    std::vector<BadJob> jobs;
    const Cid text = blocks.add_text("text");

    Refusals() : Scenario("e2e_refusals", config()) {
        network().register_provider(0);
        start_services();
        network().start_service("node-agent-1",
                                {{"AGENT_CAPACITY", "4"},
                                 {"AGENT_MAX_INPUT_MIB", "1"},
                                 {"AGENT_RETRY_FOR", "1s"},
                                 {"AGENT_PRIVATE_REGISTRIES", "127.0.0.1:1"},
                                 {"IPFS_GATEWAY_URL", network().content_url() + "," + blocks.url()}});
        network().wait_ready("node-agent-1");
    }
    static localnet::NetworkConfig config() {
        localnet::NetworkConfig out;
        out.more_env = {{"MAX_ATTEMPTS", "1"}};
        return out;
    }

    wire::JobSpec spec(const std::string& command) {
        wire::JobSpec out;
        out.chain_id = network().bsc_chain();
        out.job_manager = network().job_manager();
        out.renter = network().renter().address();
        out.provider = network().providers()[0];
        out.min_payment = 1;
        out.docker_image = "lamda/busybox:1.35";
        out.command = {"sh", "-c", command};
        out.requirements.memory_mib = 64;
        out.requirements.disk_mib = 8;
        out.salt = random_bytes32();
        return out;
    }
    void add(const std::string& scenario, const wire::JobSpec& spec, const std::string& status,
             const std::string& reason) {
        jobs.push_back({scenario, wire::canonical_json(spec), status, reason});
    }
    void add_output(const std::string& scenario, const std::string& command, const std::string& reason) {
        add("output: " + scenario, spec(command), "failed", reason);
    }
    void add_input(const std::string& scenario, const Cid& cid, const std::string& status,
                   const std::string& reason) {
        auto wanted = spec("true");
        wanted.input_file_cid = cid.to_string();
        add("input: " + scenario, wanted, status, reason);
    }
    void add_requirement(const std::string& scenario, const std::function<void(wire::JobSpec&)>& change,
                         const std::string& reason, const std::string& status = "failed") {
        auto wanted = spec("true");
        change(wanted);
        add("requirement: " + scenario, wanted, status, reason);
    }
    /// A spec with another text in place of `from`, which no gateway would store.
    void add_spec(const std::string& scenario, const std::string& from, const std::string& to,
                  const std::string& reason) {
        auto stored = wire::canonical_json(spec("true"));
        const auto at = stored.find(from);
        REQUIRE(at != std::string::npos);
        jobs.push_back({"spec: " + scenario, stored.replace(at, from.size(), to), "mismatched", reason});
    }

    json events(const JobId& id) { return get("/api/jobs/" + id.hex() + "/events?limit=200").body; }
    /// Checks that an entry of the job's journal has the text in the member, over REST.
    bool has_event(const JobId& id, const std::string& member, const std::string& part) {
        for (const auto& entry : events(id).value("items", json::array())) {
            if (entry.at(member).is_string() &&
                entry.at(member).get<std::string>().find(part) != std::string::npos) {
                return true;
            }
        }
        return false;
    }
};

void add_bad_specs(Refusals& s) {
    const std::string place = "invalid job spec: ";
    s.add_spec("10^9 CPUs", R"("cpuMillis":1000)", R"("cpuMillis":1000000000000)", "/requirements/cpuMillis");
    s.add_spec("less than no memory", R"("memoryMib":64)", R"("memoryMib":-64)", "/requirements/memoryMib");
    s.add_spec("2^64 + 1 MiB", R"("diskMib":8)", R"("diskMib":18446744073709551617)", place);
    s.add_spec("10^400 seconds", R"("timeLimitSeconds":3600)", R"("timeLimitSeconds":1e400)", place);
    s.add_spec("a CID that is none", R"("inputFileCID":null)", R"("inputFileCID":"../../etc/passwd")",
               "/inputFileCID");
    s.add_spec(
        "a CID of another hash (sha2-512)", R"("inputFileCID":null)",
        R"("inputFileCID":"bafkrgqhhyivzstcz3hhswshfjgy6ertgmnqeleynhwt4dlfsthi4hn7zgh4uvlsb5xncykzapi3ocd4lzogukir6ksdy6wzrnz6ohnv4aglcs")",
        "/inputFileCID");
    s.add_spec("no JSON", "{", "", place);
    s.add_spec("another order of its members", "{\"chainId\"", "{ \"chainId\"", place);
    s.add_spec("another provider than was paid", s.network().providers()[0].hex(),
               s.network().providers()[1].hex(), "provider");
    s.add_spec("an environment that is no name", R"("env":{})", R"("env":{"LD PRELOAD":"x"})", "/env");
}

void add_bad_requirements(Refusals& s) {
    using Spec = wire::JobSpec;
    s.add_requirement("more CPUs", [](Spec& spec) { spec.requirements.cpu_millis = 256'000; }, "cpuMillis");
    s.add_requirement(
        "more memory", [](Spec& spec) { spec.requirements.memory_mib = 1'048'576; }, "memoryMib");
    s.add_requirement("more GPUs", [](Spec& spec) { spec.requirements.gpu_count = 16; }, "gpuCount");
    s.add_requirement(
        "a network where none is", [](Spec& spec) { spec.requirements.network = true; }, "network");
    s.add_requirement(
        "an image that its registry does not have",
        [](Spec& spec) { spec.docker_image = "127.0.0.1:1/absent:1"; }, "image_unavailable", "failed");
    s.add_requirement(
        "an image of a registry that is not listed",
        [](Spec& spec) { spec.docker_image = "registry.example/x:1"; }, "registry.example");
    s.add_requirement(
        "an image by a name that is none", [](Spec& spec) { spec.docker_image = "../Lamda:1"; },
        "/dockerImage", "mismatched");
}

void add_bad_inputs(Refusals& s) {
    auto& blocks = s.blocks;
    const auto folder = [&](const std::string& name) {
        return blocks.add_directory({{"first", s.text, 4}, {name, s.text, 4}});
    };
    for (const auto& name :
         {std::string("../x"), std::string("/abs"), std::string("a/b"), std::string("."), std::string(),
          std::string("a\0b", 3), std::string(300, 'n'), std::string("first")}) {
        s.add_input("an entry named \"" + name + "\"", folder(name), "failed",
                    "entry with a forbidden or duplicate name");
    }
    Cid wide = blocks.add_text("");
    for (int i = 0; i < 3; ++i) {
        wide = blocks.add_file(std::vector<Cid>(1'000, wide), std::vector<std::uint64_t>(1'000, 0));
    }
    s.add_input("10^9 links", wide, "failed", "blocks");
    Cid deep = blocks.add_directory({});
    for (int i = 0; i < 40; ++i) {
        deep = blocks.add_directory({{"d", deep, 0}});
    }
    s.add_input("40 folders deep", deep, "failed", "levels deep");
    s.add_input("a shard that lies about its fanout", blocks.add_shard({{"0a", s.text, 4}}, 16), "failed",
                "another fanout");
    s.add_input("more bytes than the provider takes", blocks.add_file({s.text, s.text}, {1U << 20, 1U << 20}),
                "failed", "more bytes than are allowed");
    s.add_input("parts of other sizes than it states", blocks.add_file({s.text, s.text}, {4, 5}), "failed",
                "wrong size");
    s.add_input("a link", blocks.add(CidCodec::kDagPb, from_hex("0a0708041203616263").value()), "failed",
                "neither a file nor a folder");
    s.add_input("a block that no source has", Cid(CidCodec::kRaw, random_bytes32()), "failed",
                "input_unavailable: no source served the input");
    const Cid changed = blocks.add_text("what the renter stored");
    blocks.damage(changed);
    s.add_input("another content than its CID names", changed, "failed", "sent other bytes");
}

void add_bad_outputs(Refusals& s) {
    const std::string special = "neither a file nor a folder: ";
    s.add_output("a link to a file of the host", "ln -s /etc/passwd /output/link", special + "link");
    s.add_output("a pipe", "mkfifo /output/pipe", special + "pipe");
    s.add_output("a device", "mknod /output/null c 1 3", "exit_nonzero");  // the kernel refuses
    s.add_output("a name that is not UTF-8", "touch /output/$(printf 'caf\\351')", "name is not UTF-8");
    s.add_output("sparse files of 12 MiB, with a limit of 8",
                 "for i in 1 2 3; do truncate -s 4M /output/$i; done", "output_too_large");
    s.add_output("a sparse file of a terabyte", "truncate -s 1T /output/big || exit 1", "exit");
    s.add_output("3,000 files, with a limit of 2,048",
                 "i=0; while [ $i -lt 3000 ]; do : > /output/$i; i=$((i+1)); done", "output_too_large");
    s.add_output("folders deeper than are counted", "cd /output; for i in $(seq 300); do mkdir d; cd d; done",
                 "output_too_large");
}

}  // namespace

TEST_CASE("Bad jobs are refused with their reason over REST, and the good jobs among them are rewarded") {
    Refusals s;
    std::vector<localnet::OrderedJob> good{s.market().order(0)};
    add_bad_specs(s);
    add_bad_requirements(s);
    add_bad_inputs(s);
    add_bad_outputs(s);
    const auto kept =
        s.spec("echo x > /output/a; ln /output/a /output/b; mkdir -m 0 /output/c; chmod 0 /output/a");
    std::vector<JobId> placed;
    for (const auto& job : s.jobs) {
        placed.push_back(s.market().order_text(job.spec, s.network().providers()[0]).id);
        if (placed.size() % 15 == 0) {
            good.push_back(s.market().order(0));
        }
    }
    good.push_back(s.market().order_text(wire::canonical_json(kept), kept.provider));
    for (std::size_t i = 0; i < placed.size(); ++i) {
        const auto& job = s.jobs[i];
        INFO(job.scenario);
        s.wait_status(placed[i], {job.status}, Millis(120'000));
        INFO(s.job(placed[i]).dump());
        CHECK_THAT(s.job(placed[i]).at("error_message").get<std::string>(),
                   Catch::Matchers::Contains(job.reason));
        CHECK(s.has_event(placed[i], "reason", job.reason));
    }
    s.wait_rewarded(good, Millis(120'000));
}

namespace {

struct BadStatus {
    std::string scenario;
    std::string subject;
    std::string body;
    std::string reason;  ///< part of the dead letter's
};

/// A market whose two providers are the test, until their agents are started.
struct Statuses : Scenario {
    std::vector<std::unique_ptr<crypto::LocalSigner>> keys;

    Statuses() : Scenario("e2e_bad_statuses", config()) {
        for (const std::size_t key : {3, 5}) {
            keys.push_back(crypto::LocalSigner::from_hex(testkit::dev_key(key)).value());
        }
        network().register_provider(0);
        network().register_provider(1);
        start_services();
    }
    static localnet::NetworkConfig config() {
        localnet::NetworkConfig out;
        out.more_env = {{"RETRY_PAUSE", "0s"}};
        return out;
    }
    wire::JobStatus status(const JobId& job, wire::StatusKind kind, std::uint32_t attempt, std::uint32_t seq,
                           std::size_t provider = 0) {
        wire::JobStatus out;
        out.job_id = job;
        out.attempt = attempt;
        out.seq = seq;
        out.provider = network().providers()[provider];
        out.status = kind;
        out.at = SystemClock().now();
        if (kind == wire::StatusKind::kCompleted) {
            out.output_file_cid = "bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pku";
            out.exit_code = 0;
        }
        return out;
    }
    std::string signed_by(const crypto::Signer& key, const wire::JobStatus& status,
                          std::uint64_t chain = 97) {
        return wire::to_json(
            wire::sign_status(status, wire::market_domain(ChainId{chain}, network().job_manager()), key));
    }
    std::string subject(std::size_t provider = 0) {
        return wire::status_subject(network().providers()[provider]);
    }
    void send(const std::vector<std::pair<std::string, std::string>>& messages) {
        std::vector<bus::Outgoing> out;
        for (const auto& [to, body] : messages) {
            out.push_back({to, "", body});
        }
        const auto outcome = bus().publish_durable(out, testkit::kCallTimeout);
        REQUIRE(outcome.stored == std::vector<bool>(messages.size(), true));
    }
    bool refused(const JobId& job, const std::string& reason) {
        const auto events = get("/api/jobs/" + job.hex() + "/events?limit=200").body;
        const auto items = events.value("items", json::array());
        return std::any_of(items.begin(), items.end(),
                           [&](const json& entry) { return entry.at("no_effect_reason") == reason; });
    }
    json dead_letters() { return json::parse(lamda({"dlq", "list", "--json"}).output).at("dead_letters"); }
};

}  // namespace

TEST_CASE("Bad statuses are refused with their reason, and every job is rewarded") {
    using Kind = wire::StatusKind;
    Statuses s;
    const auto job = s.market().order(0);
    const auto other = s.market().order(1);
    s.wait_status(job.id, {"assigned"});
    s.wait_status(other.id, {"assigned"});
    const auto completed = s.status(job.id, Kind::kCompleted, 1, 1);
    const auto with = [&](const char* patch) {
        json out = json::parse(s.signed_by(*s.keys[0], completed));
        out.merge_patch(json::parse(patch));
        return out.dump();
    };
    const std::vector<BadStatus> cases{
        {"no JSON", s.subject(), "{not json", "not JSON"},
        {"no bytes", s.subject(), "", "not JSON"},
        {"no members", s.subject(), R"({"v":1})", "/jobId"},
        {"another version", s.subject(), with(R"({"v":2})"), "/v"},
        {"attempt 0", s.subject(), with(R"({"attempt":0})"), "/attempt"},
        {"attempt 2^32 + 1", s.subject(), with(R"({"attempt":4294967297})"), "/attempt"},
        {"seq -1", s.subject(), with(R"({"seq":-1})"), "/seq"},
        {"exit code 2^40", s.subject(), with(R"({"exitCode":1099511627776})"), "/exitCode"},
        {"an unknown status", s.subject(), with(R"({"status":"rewarded"})"), "/status"},
        {"an unknown error code", s.subject(), with(R"({"errorCode":"bored"})"), "/errorCode"},
        {"an output that is no CID", s.subject(), with(R"({"outputFileCID":"../../x"})"), "/outputFileCID"},
        {"the 30th of February", s.subject(), with(R"({"at":"2026-02-30T10:00:00.000Z"})"), "/at"},
        {"no signature", s.subject(), with(R"({"signature":null})"), "the status is not signed"},
        {"changed after it was signed", s.subject(), with(R"({"exitCode":7})"), "not signed by"},
        {"signed by the renter", s.subject(), s.signed_by(s.network().renter(), completed), "not signed by"},
        {"signed for another chain", s.subject(), s.signed_by(*s.keys[0], completed, 56),
         "verified for chain 97"},
        {"of another provider, on the first provider's subject", s.subject(),
         s.signed_by(*s.keys[1], s.status(other.id, Kind::kCompleted, 1, 1, 1)),
         "the provider differs from the subject's provider"},
        {"for another provider's job", s.subject(1),
         s.signed_by(*s.keys[1], s.status(job.id, Kind::kCompleted, 1, 1, 1)),
         "the job belongs to another provider"}};
    for (const auto& one : cases) {
        s.send({{one.subject, one.body}});
    }
    std::vector<std::pair<std::string, std::string>> unknown;
    for (int i = 0; i < 201; ++i) {
        unknown.emplace_back(s.subject(), s.signed_by(*s.keys[0], s.status(random_bytes32().as<JobId>(),
                                                                           Kind::kRunning, 1, 1)));
    }
    s.send(unknown);
    s.bus().publish(wire::heartbeat_subject(s.network().providers()[0]), "{}");
    auto failed = s.status(job.id, Kind::kFailed, 1, 1);
    failed.error_code = wire::ErrorCode::kInternal;
    s.send({{s.subject(), s.signed_by(*s.keys[0], failed)},
            {s.subject(), s.signed_by(*s.keys[0], s.status(job.id, Kind::kCompleted, 1, 2))},
            {s.subject(), s.signed_by(*s.keys[0], s.status(job.id, Kind::kCompleted, 9, 1))}});

    CHECK(testkit::wait_until([&] { return s.dead_letters().size() == cases.size() + 1; }));
    const auto letters = s.dead_letters();
    const auto has = [&](const std::string& reason) {
        return std::any_of(letters.begin(), letters.end(), [&](const json& letter) {
            return letter.at("reason").get<std::string>().find(reason) != std::string::npos;
        });
    };
    for (const auto& one : cases) {
        INFO(one.scenario << letters.dump(1));
        CHECK(has(one.reason));
    }
    CHECK(has("too many statuses of unknown jobs"));
    CHECK(testkit::wait_until([&] { return s.refused(job.id, "superseded by attempt 2"); }));
    CHECK(testkit::wait_until([&] { return s.refused(job.id, "this attempt was never sent"); }));
    CHECK(s.job(job.id).at("status") == "assigned");

    s.start({"node-agent-1", "node-agent-2"});
    s.wait_rewarded({job, other});
    s.send({{s.subject(), s.signed_by(*s.keys[0], s.status(job.id, Kind::kRunning, 2, 1'000))}});
    CHECK(testkit::wait_until([&] { return s.refused(job.id, "running does not follow completed"); }));
    CHECK(s.dead_letters().size() == letters.size());
}
