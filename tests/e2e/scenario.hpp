// One private market per test case, and the steps of the tests.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "bus/bus.hpp"
#include "localnet/market.hpp"
#include "localnet/network.hpp"
#include "onchain/job_manager_reader.hpp"

namespace lamda::e2e {

using nlohmann::json;

struct Answer {
    int status;
    json body;
    std::string content_type;
};

class Scenario {
  public:
    /// Starts servers and deploys contracts, without services.
    explicit Scenario(const std::string& name, localnet::NetworkConfig config = {});

    localnet::Network& network() { return *network_; }
    localnet::Market& market();  ///< needs the gateway

    /// Starts services and waits until they are ready.
    void start(const std::vector<std::string>& names);
    void start_services();  ///< the four services

    Answer get(const std::string& path);
    Answer send(const std::string& method, const std::string& path, const std::string& body,
                const std::vector<std::pair<std::string, std::string>>& headers = {});

    json job(const JobId& id);
    /// Waits until GET /api/jobs/{id} shows one of the statuses; else fails the test with the last answer.
    void wait_status(const JobId& id, const std::set<std::string>& wanted, Millis timeout = Millis(60'000));
    /// Waits until JobCountIncremented of every job is on opBNB.
    void wait_rewarded(const std::vector<localnet::OrderedJob>& jobs, Millis timeout = Millis(60'000));
    U256 count_of(const Address& provider);
    /// Number of increments of each job, by the job id in their calldata.
    std::map<JobId, int> rewards();

    /// Number of messages ever stored in a JetStream stream.
    std::uint64_t stored_in(const std::string& stream);
    /// Acceptances in the STATUS stream, by (job, attempt): an agent repeats `accepted` while it prepares,
    /// which is one acceptance; `accepted` after another status is a further one.
    std::map<std::pair<std::string, int>, int> acceptances();
    bus::Bus& bus();

    /// Runs the `lamda` command with this network's settings. Returns exit status and output.
    testkit::Finished lamda(const std::vector<std::string>& arguments,
                            const std::map<std::string, std::string>& more_env = {});
    /// `DATABASE_URL` of a database without a schema, for `lamda`.
    std::map<std::string, std::string> database_without_schema();
    static std::string executable(const std::string& name);

  private:
    testkit::TempDir dir_;
    std::unique_ptr<localnet::Network> network_;
    std::unique_ptr<localnet::Market> market_;
    std::unique_ptr<bus::Bus> bus_;
};

}  // namespace lamda::e2e
