// AgentTerms: the market and the capacity that an agent serves, and the state that decides if it takes work.
#pragma once

#include <cstddef>

#include "services/node-agent/bus/duplicate_agent_detector.hpp"
#include "services/node-agent/bus/job_probe.hpp"
#include "services/node-agent/bus/settings_watch.hpp"
#include "services/node-agent/bus/work_state.hpp"
#include "services/node-agent/onchain/bsc_identity.hpp"
#include "services/node-agent/state/retry_schedule.hpp"
#include "wire/provider_policy.hpp"

namespace lamda::agent {

struct AgentTerms {
    const BscIdentity& identity;
    Address provider;
    Address job_manager;
    std::size_t capacity;         ///< attempts at the same time
    wire::ProviderPolicy policy;  ///< of the settings
};

/// All of it outlives the loops that read it.
struct WorkGate {
    const RetrySchedule& retries;        ///< an attempt that waits for a retry holds no slot
    DuplicateAgentDetector& duplicates;  ///< present: the agent takes no work
    SettingsWatch& settings;             ///< contradicted: the agent takes no work
    const OfferedResources& resources;   ///< of what runs together
    const DrainSwitch& drain;            ///< on: the agent takes no work
    HeldBack& held_back;
    const JobProbe& probe;
};

}  // namespace lamda::agent
