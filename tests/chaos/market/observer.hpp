// Observes a run from outside: jobs over REST, containers by the engine's events.
#pragma once

#include <mutex>
#include <stop_token>
#include <thread>

#include "chaos/market/history.hpp"
#include "localnet/network.hpp"

namespace lamda::chaos {

/// Thread-safe. Observes on two threads until destroyed or stopped.
class Observer {
  public:
    explicit Observer(localnet::Network& network);
    /// Observes a last time, and ends.
    void stop();
    /// Sightings of all jobs so far.
    std::map<JobId, std::vector<JobSighting>> sightings() const;
    std::vector<ContainerEvent> containers() const;

  private:
    void watch_jobs(const std::stop_token& stop);
    void watch_containers(const std::stop_token& stop);
    void read_jobs();
    /// Reads events since the last call. @throws net::TransportError
    void read_containers();

    localnet::Network& network_;
    mutable std::mutex mutex_;
    std::map<JobId, std::vector<JobSighting>> sightings_;
    std::vector<ContainerEvent> containers_;
    std::int64_t events_since_;  ///< seconds since 1970
    std::set<std::pair<std::string, std::int64_t>> seen_events_;
    std::jthread jobs_;
    std::jthread engine_;
};

/// Containers of Lamda that the engine still has, and what is left in the agents' job folders.
std::vector<std::string> leftovers(localnet::Network& network, const std::string& dir);

}  // namespace lamda::chaos
