#include "wire/provider_policy.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "wire/image_reference.hpp"

namespace lamda::wire {

namespace {

constexpr std::uint32_t kMillis = 1'000;
constexpr std::uint32_t kMibPerGib = 1'024;

class Refusals {
  public:
    void add(const char* code, std::string where, std::string message) {
        out_.push_back({code, std::move(message), std::move(where)});
    }
    std::vector<Error> take() && { return std::move(out_); }

  private:
    std::vector<Error> out_;
};

template <class T>
bool holds(const std::vector<T>& items, const T& item) {
    return std::find(items.begin(), items.end(), item) != items.end();
}

void check_payment(const ProviderPolicy& policy, const JobTerms& job, Refusals& out) {
    const auto least = least_payment(job.requirements, policy.price);
    if (least == U256(0)) {
        return;
    }
    if (!job.payment) {
        out.add("payment_unknown", "/payment",
                fmt::format(
                    "payment: this provider requires at least {} wei, and the assignment does not state the "
                    "payment: it was sent by an earlier release of the dispatcher",
                    to_decimal(least)));
    } else if (*job.payment < least) {
        out.add(
            "payment_too_low", "/payment",
            fmt::format("payment: the job pays {} wei, this provider requires at least {} wei for the "
                        "requirements over {} s",
                        to_decimal(*job.payment), to_decimal(least), job.requirements.time_limit_seconds));
    }
}

void check_amount(std::uint64_t wanted, std::optional<std::uint64_t> most, const char* field,
                  const char* unit, Refusals& out) {
    if (most && wanted > *most) {
        out.add(
            "resources_too_large", std::string("/requirements/") + field,
            fmt::format("{}: the job requests {}{}, this provider offers {}", field, wanted, unit, *most));
    }
}

void check_requirements(const ProviderPolicy& policy, const Requirements& asked, Refusals& out) {
    if (asked.time_limit_seconds > policy.max_time_seconds) {
        out.add("time_too_long", "/requirements/timeLimitSeconds",
                fmt::format("timeLimitSeconds: the job requests {} s, this provider allows {} s",
                            asked.time_limit_seconds, policy.max_time_seconds));
    }
    check_amount(asked.cpu_millis, policy.most.cpu_millis, "cpuMillis", "", out);
    check_amount(asked.memory_mib, policy.most.memory_mib, "memoryMib", " MiB", out);
    check_amount(asked.disk_mib, policy.most.disk_mib, "diskMib", " MiB", out);
    check_amount(asked.gpu_count, policy.most.gpus, "gpuCount", "", out);
    if (asked.network && !policy.network) {
        out.add("network_refused", "/requirements/network",
                "network: this provider runs no jobs with a network");
    }
}

void check_renter(const ProviderPolicy& policy, const JobTerms& job, Refusals& out) {
    if (policy.renters_allowed.empty() && policy.renters_denied.empty()) {
        return;
    }
    if (!job.renter) {
        out.add("renter_unknown", "/renter",
                "renter: this provider chooses its renters, and the assignment does not state the renter: it "
                "was sent "
                "by an earlier release of the dispatcher");
    } else if (holds(policy.renters_denied, *job.renter) ||
               (!policy.renters_allowed.empty() && !holds(policy.renters_allowed, *job.renter))) {
        out.add("renter_refused", "/renter",
                fmt::format("renter: this provider runs no jobs of {}", job.renter->hex()));
    }
}

void check_image(const ProviderPolicy& policy, const JobTerms& job, Refusals& out) {
    if (!policy.images.empty() &&
        std::none_of(policy.images.begin(), policy.images.end(),
                     [&](const auto& pattern) { return matches_image(pattern, job.docker_image); })) {
        out.add("image_refused", "/dockerImage", "dockerImage: this provider does not allow the image");
        return;
    }
    const auto wanted = normalize_image(job.docker_image);
    const bool local =
        std::any_of(policy.local_images.begin(), policy.local_images.end(),
                    [&](const auto& reference) { return normalize_image(reference) == wanted; });
    const auto registry = registry_of(job.docker_image);
    if (policy.registries && !local && !holds(*policy.registries, registry)) {
        out.add("registry_not_allowed", "/dockerImage",
                "this provider pulls no images from " + registry +
                    (policy.registries->empty()
                         ? ""
                         : fmt::format("; use one of {}", fmt::join(*policy.registries, ", "))));
    }
}

}  // namespace

U256 least_payment(const Requirements& requirements, const LeastPrice& price) {
    // In thousandths of 1/1,024: below 2^18 × 2^10 × 2^128 for each resource, × 2^17 seconds.
    const auto per_second = price.cpu_second * U256(requirements.cpu_millis) * U256(kMibPerGib) +
                            price.memory_gib_second * U256(requirements.memory_mib) * U256(kMillis) +
                            price.gpu_second * U256(requirements.gpu_count) * U256(kMillis * kMibPerGib);
    const U256 parts(kMillis * kMibPerGib);
    return (per_second * U256(requirements.time_limit_seconds) + parts - U256(1)) / parts;
}

bool matches_image(std::string_view pattern, std::string_view reference) {
    const auto whole = normalize_image(reference);
    const std::string_view text = whole;
    std::size_t at = 0;
    std::size_t in_pattern = 0;
    std::size_t star = std::string_view::npos;
    std::size_t retry_at = 0;
    while (at < text.size()) {
        if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
            star = in_pattern++;
            retry_at = at;
        } else if (in_pattern < pattern.size() && pattern[in_pattern] == text[at]) {
            ++in_pattern;
            ++at;
        } else if (star != std::string_view::npos) {
            in_pattern = star + 1;
            at = ++retry_at;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', in_pattern) == std::string_view::npos;
}

std::vector<Error> policy_refusals(const ProviderPolicy& policy, const JobTerms& job) {
    Refusals out;
    check_requirements(policy, job.requirements, out);
    check_renter(policy, job, out);
    check_image(policy, job, out);
    check_payment(policy, job, out);
    return std::move(out).take();
}

}  // namespace lamda::wire
