#include "services/api-gateway/offer/job_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/json_writer.hpp"

namespace lamda::gateway {

namespace {

constexpr std::array<std::pair<CheckStage, const char*>, 4> kStages{{{CheckStage::kMatch, "match"},
                                                                     {CheckStage::kStart, "start"},
                                                                     {CheckStage::kFinish, "finish"},
                                                                     {CheckStage::kPay, "pay"}}};

const char* name_of(CheckStage stage) {
    return kStages.at(static_cast<std::size_t>(stage)).second;
}

const char* name_of(CheckEffect effect) {
    switch (effect) {
        case CheckEffect::kStops:
            return "stops";
        case CheckEffect::kDelays:
            return "delays";
        case CheckEffect::kNotice:
            break;
    }
    return "notice";
}

/// One resource: what the job asks for, what the provider offers, what of it is free.
struct Resource {
    const char* pointer;
    const char* unit;
    std::uint64_t wanted;
    std::optional<std::uint64_t> offered;
    std::optional<std::uint64_t> free;
};

std::array<Resource, 4> resources(const wire::Requirements& wanted, const wire::ProviderNotice& notice) {
    const auto offered = notice.offered.value_or(wire::ResourceLimits{});
    const auto free = notice.free.value_or(wire::ResourceLimits{});
    return {{{"cpuMillis", "thousandths of a CPU", wanted.cpu_millis, offered.cpu_millis, free.cpu_millis},
             {"memoryMib", "MiB of memory", wanted.memory_mib, offered.memory_mib, free.memory_mib},
             {"diskMib", "MiB of disk", wanted.disk_mib, offered.disk_mib, free.disk_mib},
             {"gpuCount", "GPUs", wanted.gpu_count, offered.gpus, free.gpus}}};
}

class Check {
  public:
    explicit Check(const JobOffer& offer) : offer_(offer) {}

    void match(const std::vector<problem::FieldError>& faults, const CheckFacts& facts) {
        for (const auto& fault : faults) {
            add(CheckStage::kMatch, CheckEffect::kStops, fault);
        }
        if (!offer_.spec) {
            return;
        }
        if (auto fault = payment_fault(*offer_.spec, offer_.payment)) {
            add(CheckStage::kMatch, CheckEffect::kStops, *std::move(fault));
        }
        if (!facts.provider) {
            add(CheckStage::kMatch, CheckEffect::kStops, unknown_provider());
        }
        if (facts.is_known) {
            add(CheckStage::kMatch, CheckEffect::kStops,
                {"/spec", "job_exists", "a job with this id is on the chain; another salt makes another id"});
        }
    }

    void start(const ProviderFacts& provider, InputFound input) {
        if (!provider.notice) {
            add(CheckStage::kStart, CheckEffect::kNotice,
                {"/spec/provider", "offer_unknown", "the provider has not published what it offers"});
        } else {
            judge_notice(*provider.notice);
        }
        if (!provider.is_online) {
            add(CheckStage::kStart, CheckEffect::kDelays,
                {"/spec/provider", "provider_offline",
                 "no heartbeat: the job waits until the provider is back"});
        } else if (provider.capacity > 0 && provider.running >= provider.capacity) {
            add(CheckStage::kStart, CheckEffect::kDelays,
                {"/spec/provider", "provider_full",
                 fmt::format("it runs {} of {} jobs: this one waits", provider.running, provider.capacity)});
        }
        judge_input(input);
    }

    void pay() {
        add(CheckStage::kPay, CheckEffect::kNotice,
            {"/payment_amount", "no_refund",
             "JobManager has no refund: the payment cannot be taken back, even if the job never runs or "
             "fails"});
    }

    std::vector<CheckFinding> take() { return std::move(findings_); }

  private:
    void add(CheckStage stage, CheckEffect effect, problem::FieldError what) {
        findings_.push_back({stage, effect, std::move(what)});
    }

    void judge_notice(const wire::ProviderNotice& notice) {
        if (notice.policy) {
            for (auto& fault : policy_faults(*notice.policy, *offer_.spec, offer_.payment)) {
                add(CheckStage::kStart, CheckEffect::kStops, std::move(fault));
            }
        }
        for (const auto& each : resources(offer_.spec->requirements, notice)) {
            const auto pointer = std::string("/spec/requirements/") + each.pointer;
            if (each.offered && each.wanted > *each.offered) {
                add(CheckStage::kStart, CheckEffect::kStops,
                    {pointer, "above_offer",
                     fmt::format("the provider offers {} {}", *each.offered, each.unit)});
            } else if (each.free && each.wanted > *each.free) {
                add(CheckStage::kStart, CheckEffect::kDelays,
                    {pointer, "not_free", fmt::format("{} {} are free now", *each.free, each.unit)});
            }
        }
        if (notice.draining) {
            add(CheckStage::kStart, CheckEffect::kDelays,
                {"/spec/provider", "provider_draining", "it takes no new work until it is back"});
        }
    }

    void judge_input(InputFound input) {
        constexpr auto kPointer = "/spec/inputFileCID";
        if (input == InputFound::kUnreadable) {
            add(CheckStage::kStart, CheckEffect::kStops,
                {kPointer, "input_unreadable", "its first block has more than 2 MiB"});
        } else if (input == InputFound::kNotNow) {
            add(CheckStage::kStart, CheckEffect::kDelays,
                {kPointer, "input_not_found",
                 "no content store of the gateway sent this input in time: the job waits until its provider "
                 "can "
                 "read it"});
        } else if (input == InputFound::kNotChecked) {
            add(CheckStage::kStart, CheckEffect::kNotice,
                {kPointer, "input_not_checked", "the gateway did not look for this input"});
        }
    }

    const JobOffer& offer_;
    std::vector<CheckFinding> findings_;
};

}  // namespace

std::vector<CheckFinding> check_job(const std::vector<problem::FieldError>& faults, const JobOffer& offer,
                                    const CheckFacts& facts) {
    Check check(offer);
    check.match(faults, facts);
    if (offer.spec && facts.provider) {
        check.start(*facts.provider, facts.input);
    }
    check.pay();
    return check.take();
}

bool stops(const std::vector<CheckFinding>& findings) {
    return std::any_of(findings.begin(), findings.end(),
                       [](const CheckFinding& finding) { return finding.effect == CheckEffect::kStops; });
}

std::string check_json(const std::vector<CheckFinding>& findings) {
    const auto has = [&](CheckStage stage, CheckEffect effect) {
        return std::any_of(findings.begin(), findings.end(), [&](const CheckFinding& finding) {
            return finding.stage == stage && finding.effect == effect;
        });
    };
    JsonWriter stages;
    stages.begin_object();
    bool passes = true;
    for (const auto& [stage, name] : kStages) {
        const bool stops = has(stage, CheckEffect::kStops);
        stages.key(name).text(!passes                            ? "not_reached"
                              : stops                            ? "stopped"
                              : has(stage, CheckEffect::kDelays) ? "delayed"
                                                                 : "passes");
        passes = passes && !stops;
    }
    JsonWriter out;
    out.begin_object().key("passes").boolean(passes).key("stages").raw(stages.end_object().take());
    out.key("findings").begin_array();
    for (const auto& [stage, effect, what] : findings) {
        out.begin_object().key("stage").text(name_of(stage)).key("effect").text(name_of(effect));
        out.key("pointer").text(what.pointer).key("code").text(what.code);
        out.key("detail").text(what.detail).end_object();
    }
    return out.end_array().end_object().take();
}

}  // namespace lamda::gateway
