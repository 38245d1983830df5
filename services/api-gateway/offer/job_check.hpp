// Judges before the payment what a job would meet: pure functions. POST /api/jobs/check answers with them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "services/api-gateway/offer/job_offer.hpp"
#include "wire/provider_notice.hpp"

namespace lamda::gateway {

/// The stages that a job passes, in their order.
enum class CheckStage {
    kMatch,   ///< the dispatcher accepts spec and payment
    kStart,   ///< the provider accepts the job and its input is there
    kFinish,  ///< it runs to its end
    kPay      ///< the provider is paid
};

enum class CheckEffect {
    kStops,   ///< the job does not pass the stage
    kDelays,  ///< it passes later
    kNotice   ///< nothing known stops it
};

struct CheckFinding {
    CheckStage stage;
    CheckEffect effect;
    problem::FieldError what;
};

/// The provider as it is known now.
struct ProviderFacts {
    bool is_online = false;
    std::uint32_t running = 0;   ///< jobs
    std::uint32_t capacity = 0;  ///< jobs at once; 0: unknown
    std::optional<wire::ProviderNotice> notice;
};

enum class InputFound {
    kNotNeeded,   ///< the job has no input
    kFound,       ///< a store has its first block
    kNotNow,      ///< no store sent it in time
    kUnreadable,  ///< its first block is larger than agents read
    kNotChecked,  ///< not looked up
};

struct CheckFacts {
    bool is_known = false;                  ///< a job with this id is on the chain
    std::optional<ProviderFacts> provider;  ///< absent: not registered
    InputFound input = InputFound::kNotNeeded;
};

/// Findings in the order of the stages. @param faults of the body, each of which stops the match; without a
/// valid spec nothing else is known
std::vector<CheckFinding> check_job(const std::vector<problem::FieldError>& faults, const JobOffer& offer,
                                    const CheckFacts& facts);

/// True if a finding stops the job.
bool stops(const std::vector<CheckFinding>& findings);

/// {"passes", "stages": {"match": "passes" | "delayed" | "stopped" | "not_reached", …}, "findings": […]}
std::string check_json(const std::vector<CheckFinding>& findings);

}  // namespace lamda::gateway
