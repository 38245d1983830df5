// A node agent among real servers; the test acts as the dispatcher, the renter and other users of the chain.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bus/bus.hpp"
#include "core/cid.hpp"
#include "crypto/signer.hpp"
#include "eth/rpc_client.hpp"
#include "ipfs/content_store.hpp"
#include "net/http_client.hpp"
#include "testkit/patience.hpp"
#include "testkit/process.hpp"
#include "testkit/servers.hpp"
#include "wire/messages.hpp"

namespace lamda::agent_test {

/// Servers shared by all scenarios, started once.
struct Servers {
    static Servers& get();
    Servers();
    /// Addresses of the scenarios' keys: each has an account on the bus, as deployed.
    static std::vector<std::string> providers();

    /// Sends a request to the engine; returns its answer.
    net::HttpResponse engine(const std::string& method, const std::string& path,
                             const std::string& body = "");
    /// Built once: busybox with a volume /data and a file `seed` in it. Returns the image's name.
    std::string image_with_volume();

    testkit::TempDir dir{"agent"};
    testkit::NatsServer nats{dir.path() + "/nats", providers()};
    testkit::DockerEngine docker{dir.path() + "/d"};
    testkit::ContentStore store{dir.path() + "/content"};
    testkit::Anvil bsc{dir.path() + "/bsc", {ChainId{97}, 0, 1}};
    testkit::Anvil opbnb{dir.path() + "/opbnb", {ChainId{5611}, 0, 1}};
    eth::HttpRpc bsc_rpc{bsc.url(), testkit::kCallTimeout};
    eth::HttpRpc opbnb_rpc{opbnb.url(), testkit::kCallTimeout};
    std::unique_ptr<crypto::LocalSigner> owner;
    Address job_manager;
    Address node_reputation;
    net::HttpClient http;
    bus::Bus bus{nats.url(), "agent-test", telemetry::Log::none()};
    ipfs::ContentStore content{{store.url(), {store.url()}, "", testkit::kCallTimeout}, http};
    std::size_t scenarios = 0;
};

/// One provider with its agent, durables and state folder.
class Scenario {
  public:
    using Env = std::map<std::string, std::string>;
    /// @param with_durables creates them as the dispatcher does for a new provider
    explicit Scenario(const Env& more_env = {}, bool with_durables = true);

    /// @param ack_wait short, so that an agent that restarts gets an unacknowledged message again soon
    void make_durables(Millis ack_wait = Millis(2'000));
    void start(const Env& more_env = {});
    /// The agent's process, as start() starts it.
    testkit::ProcessSpec spec(const Env& more_env = {}) const;
    /// Waits until /readyz reports ready.
    void wait_ready();
    std::string ready_report();
    /// Value of a metric, by its name and labels as /metrics shows them; 0 if it is not shown.
    double metric(const std::string& name_and_labels);
    testkit::Process& process() { return *process_; }
    std::string log() const;

    /// An assignment with the common fields and a new job id.
    wire::Assignment job(const std::string& shell);
    void assign(const wire::Assignment& assignment);
    /// Publishes the same message under another id, as a redispatch after a lost acknowledgement does.
    void assign_again(const wire::Assignment& assignment);
    void retract(const wire::Assignment& assignment, std::uint32_t attempt);
    void publish_raw(const std::string& subject, const std::string& body);
    std::string store_input(const std::string& content);

    /// Sets if the test acknowledges final statuses as the dispatcher does. It does so at first.
    void acknowledge_statuses(bool acknowledge) { acknowledges_ = acknowledge; }
    /// All statuses of the attempt, in the order of the stream, with verified signatures.
    std::vector<wire::JobStatus> statuses(const wire::Assignment& assignment);
    wire::JobStatus wait_status(const wire::Assignment& assignment, wire::StatusKind kind,
                                Millis timeout = Millis(60'000));
    /// Waits for `failed` and returns its code.
    wire::ErrorCode wait_failure(const wire::Assignment& assignment);

    static std::string container(const wire::Assignment& assignment);
    /// Number of starts of the attempt's container.
    std::size_t starts(const wire::Assignment& assignment);
    bool container_exists(const wire::Assignment& assignment);
    bool container_runs(const wire::Assignment& assignment);
    /// The job's file in the agent's journal; empty if there is none.
    std::string journal_file(const wire::Assignment& assignment) const;
    std::string output_dir(const wire::Assignment& assignment) const;
    std::string job_dir(const wire::Assignment& assignment) const;
    /// A file of an output directory, from the content store.
    std::string read_output(const std::string& cid, const std::string& name);

    const Address& provider() const { return signer_->address(); }
    const crypto::Signer& signer() const { return *signer_; }
    /// Key in hex, for a second agent of the same provider.
    const std::string& key() const { return key_; }
    const std::string& state_dir() const { return state_dir_; }

  private:
    net::HttpResponse ask_process(const std::string& path);
    void collect();

    Servers& servers_;
    std::size_t number_;
    std::string key_;
    std::unique_ptr<crypto::LocalSigner> signer_;
    std::string state_dir_;
    std::string log_file_;
    Env env_;
    std::optional<testkit::Process> process_;
    std::optional<bus::Consumer> statuses_;
    std::vector<wire::JobStatus> seen_;
    std::size_t again_ = 0;
    bool acknowledges_ = true;
};

}  // namespace lamda::agent_test
